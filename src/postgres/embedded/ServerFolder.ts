import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { cp, mkdir, mkdtemp, rename, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, dirname, join, relative } from "node:path"
import * as StateFolder from "../../node/StateFolder.ts"
import { dataFolder } from "../Database.ts"
import { EmbeddedPostgresFailed, type PostgresBinaries } from "./PostgresBinaries.ts"
import * as ServerUser from "./ServerUser.ts"

/** Where a server has everything. */
export interface ServerFolder {
  /** The state folder. */
  readonly folder: string
  readonly data: string
  /** Where its socket is. */
  readonly sockets: string
  readonly user: ServerUser.ServerUser
  readonly binaries: PostgresBinaries
}

/** The server needs none of this program's variables, and some of them are secrets. */
export const env = { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" }

export const socketName = ".s.PGSQL.5432"
const shortFolder = "thunderline-socket-"

/** Makes a new data folder beside its place and moves it there, so that a data folder is always complete. */
const initdb = Effect.fnUntraced(
  function*(folder: string, data: string, binaries: PostgresBinaries, user: ServerUser.ServerUser) {
    const fresh = `${data}.new`
    yield* StateFolder.attempt(folder, async () => {
      await rm(fresh, { recursive: true, force: true })
      await mkdir(fresh, { mode: 0o700 })
      await ServerUser.own(fresh, user)
    })
    const args = ["-D", fresh, "-U", "thunderline", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions"]
    yield* Effect.callback<void, EmbeddedPostgresFailed>((resume) => {
      const child = spawn(binaries.initdb, args, { ...user, cwd: fresh, env, stdio: ["ignore", "ignore", "pipe"] })
      let detail = ""
      const fail = (detail: string) => resume(Effect.fail(new EmbeddedPostgresFailed({ step: "initdb", detail })))
      child.stderr.setEncoding("utf8").on("data", (text: string) => detail += text)
      child.on("error", (error) => fail(error.message))
      child.on("close", (code) => (code === 0 ? resume(Effect.void) : fail(detail.trim())))
      return Effect.sync(() => child.kill("SIGKILL"))
    })
    yield* StateFolder.attempt(folder, () => rename(fresh, data))
  }
)

/** The data folder, or where its path is too long for a socket (104 bytes on some systems) a private short one. */
const socketFolder = (
  folder: string,
  data: string,
  user: ServerUser.ServerUser
): Effect.Effect<string, StateFolder.StateFolderUnusable, Scope.Scope> =>
  Buffer.byteLength(join(data, socketName)) < 104
    ? Effect.succeed(data)
    : Effect.acquireRelease(
      StateFolder.attempt(folder, async () => {
        const short = await mkdtemp(join(tmpdir().length > 60 ? "/tmp" : tmpdir(), shortFolder))
        await ServerUser.own(short, user)
        return short
      }),
      (short) => Effect.promise(() => rm(short, { recursive: true, force: true }))
    )

/** Removes the socket that a dead server has left in a folder, and the folder too where it was a private short one. */
export const removeSocket = async (sockets: string, used: string): Promise<void> => {
  for (const file of [socketName, `${socketName}.lock`]) await rm(join(sockets, file), { force: true })
  if (sockets !== used && basename(sockets).startsWith(shortFolder)) await rm(sockets, { recursive: true, force: true })
}

/** The programs where the server's user can read them: those of root may lie in a closed folder, and are copied then. */
const readable = Effect.fnUntraced(function*(folder: string, binaries: PostgresBinaries) {
  const native = dirname(dirname(binaries.postgres))
  if (!StateFolder.isRoot || (yield* StateFolder.closedAbove(binaries.postgres)) === undefined) return binaries
  const copy = join(folder, "postgresql")
  const within = (program: string) => join(copy, relative(native, program))
  if (!existsSync(within(binaries.postgres))) {
    yield* Effect.logInfo(`[EmbeddedPostgres] Copying the server's programs to ${copy}, where its user can read them`)
    yield* StateFolder.attempt(folder, async () => {
      await rm(`${copy}.new`, { recursive: true, force: true })
      await cp(native, `${copy}.new`, { recursive: true, verbatimSymlinks: true })
      await rename(`${copy}.new`, copy)
    })
  }
  return { initdb: within(binaries.initdb), postgres: within(binaries.postgres) }
})

/** Prepares a state folder for a server: its user, its programs, its data, the place of its socket. */
export const prepare = Effect.fnUntraced(function*(folder: string, found: PostgresBinaries) {
  const data = dataFolder(folder)
  const user = ServerUser.of(data)
  const closed = StateFolder.isRoot ? yield* StateFolder.closedAbove(folder) : undefined
  if (closed !== undefined) {
    return yield* new StateFolder.StateFolderUnusable({
      folder,
      detail: `PostgreSQL does not run as root, and the user that it runs as cannot pass through ${closed}; ` +
        `give it another folder, such as /var/lib/thunderline`
    })
  }
  const binaries = yield* readable(folder, found)
  if (!existsSync(join(data, "PG_VERSION"))) yield* initdb(folder, data, binaries, user)
  return { folder, data, sockets: yield* socketFolder(folder, data, user), user, binaries } satisfies ServerFolder
})
