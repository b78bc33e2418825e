import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, existsSync, openSync, readFileSync, statSync } from "node:fs"
import { chown, cp, mkdir, mkdtemp, rename, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, dirname, join, relative } from "node:path"
import * as StateFolder from "../../node/StateFolder.ts"
import { EmbeddedPostgresFailed, find, type PostgresBinaries } from "./PostgresBinaries.ts"
import * as PostmasterFile from "./PostmasterFile.ts"

/** Where the running server is reached: settings for a `PgClient`. */
export interface EmbeddedServer {
  /** Its unix socket. */
  readonly path: string
  readonly username: string
  readonly database: string
}

/** How long the server may take to recover and answer, to end in good order, and to end at all after that. */
const limits = { start: Duration.minutes(1), fast: Duration.seconds(10), immediate: Duration.seconds(5) }

const socketName = ".s.PGSQL.5432"
const shortFolder = "thunderline-socket-"
/** The server whose socket is in that folder. */
export const serverAt = (socketFolder: string): EmbeddedServer => ({
  path: join(socketFolder, socketName),
  username: "thunderline",
  database: "postgres"
})

interface User {
  readonly uid?: number
  readonly gid?: number
}

/** Whom the server runs as: this user, or under root the data's owner, else `postgres`, else `nobody`. */
const serverUser = (data: string): User => {
  if (!StateFolder.isRoot) return {}
  if (existsSync(data)) {
    const { gid, uid } = statSync(data)
    if (uid !== 0) return { uid, gid }
  }
  const users = readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"))
  const user = users.find(([name]) => name === "postgres") ?? users.find(([name]) => name === "nobody")
  return user === undefined ? { uid: 65534, gid: 65534 } : { uid: Number(user[2]) >>> 0, gid: Number(user[3]) >>> 0 }
}

/** The server needs none of this program's variables, and some of them are secrets. */
const env = { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" }

const own = async (folder: string, user: User) => {
  if (user.uid !== undefined && user.gid !== undefined) await chown(folder, user.uid, user.gid)
}

/** Sets a new data folder up beside its place and moves it there, so that what is there is complete. */
const initdb = Effect.fnUntraced(function*(folder: string, data: string, binaries: PostgresBinaries, user: User) {
  const fresh = `${data}.new`
  yield* StateFolder.attempt(folder, async () => {
    await rm(fresh, { recursive: true, force: true })
    await mkdir(fresh, { mode: 0o700 })
    await own(fresh, user)
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
})

/** Waits until something holds, looking every 10 ms; `false` when it does not come about in time. */
const until = Effect.fnUntraced(function*(holds: () => boolean, limit: Duration.Duration) {
  const end = performance.now() + Duration.toMillis(limit)
  while (!holds()) {
    if (performance.now() > end) return false
    yield* Effect.sleep("10 millis")
  }
  return true
})

const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

/** Ends a server: in good order ("fast"), else at once, which the next start recovers from. */
const stop = Effect.fnUntraced(function*(kill: (signal: NodeJS.Signals) => void, gone: () => boolean) {
  kill("SIGINT")
  if (yield* until(gone, limits.fast)) return
  yield* Effect.logWarning(`[EmbeddedPostgres] Still running ${Duration.format(limits.fast)} after the request to end`)
  kill("SIGQUIT")
  if (yield* until(gone, limits.immediate)) return
  yield* Effect.logError("[EmbeddedPostgres] Left behind: it does not end")
})

/** Ends what a program that was killed has left behind: its server, or only the files of one. */
const clearRemains = Effect.fnUntraced(function*(folder: string, data: string, sockets: string) {
  const left = yield* StateFolder.attempt(folder, () => PostmasterFile.read(data))
  if (left === undefined) return
  const gone = () => !PostmasterFile.isServer(left.pid, data)
  if (!gone()) {
    yield* Effect.logInfo(`[EmbeddedPostgres] Found the server of a program that was killed, process ${left.pid}`)
    yield* stop((signal) => process.kill(left.pid, signal), gone)
  }
  yield* StateFolder.attempt(folder, async () => {
    if (PostmasterFile.read(data) !== undefined) PostmasterFile.disown(data)
    for (const file of [socketName, `${socketName}.lock`]) await rm(join(left.socketFolder, file), { force: true })
    if (left.socketFolder !== sockets && basename(left.socketFolder).startsWith(shortFolder)) {
      await rm(left.socketFolder, { recursive: true, force: true })
    }
  })
})

/** The data folder, or where its path is too long for a socket (104 bytes on some systems) a private short one. */
const socketFolder = (folder: string, data: string, user: User) =>
  Buffer.byteLength(join(data, socketName)) < 104
    ? Effect.succeed(data)
    : Effect.acquireRelease(
      StateFolder.attempt(folder, async () => {
        const short = await mkdtemp(join(tmpdir().length > 60 ? "/tmp" : tmpdir(), shortFolder))
        await own(short, user)
        return short
      }),
      (short) => Effect.promise(() => rm(short, { recursive: true, force: true }))
    )

/**
 * On Linux the server's processes are scheduled as batch work (`SCHED_BATCH`): awake they wait for a processor instead
 * of taking the one of the program that has just written to them, which delays its ticks by up to 4 ms, while another
 * processor is idle. Where this cannot be had, they run as usual.
 */
const inBackground = (program: string, args: ReadonlyArray<string>): [string, ReadonlyArray<string>] =>
  process.platform === "linux"
    ? ["/bin/sh", ["-c", "chrt -b -p 0 $$ 2> /dev/null; exec \"$0\" \"$@\"", program, ...args]]
    : [program, args]

/** Starts the server and returns when it answers. */
const start = Effect.fnUntraced(
  function*(folder: string, data: string, sockets: string, binaries: PostgresBinaries, user: User) {
    const log = join(folder, "postgres.log")
    const settings = {
      listen_addresses: "",
      unix_socket_directories: sockets,
      unix_socket_permissions: "0700",
      cluster_name: "thunderline",
      max_connections: "50",
      log_min_messages: "warning",
      log_timezone: "UTC",
      timezone: "UTC"
    }
    const child = yield* StateFolder.attempt(folder, () => {
      const output = openSync(log, "w")
      try {
        // A session of its own: the terminal's Ctrl-C is for the program, which ends the server when it is its turn.
        return spawn(
          ...inBackground(
            binaries.postgres,
            ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])]
          ),
          { ...user, cwd: data, env, detached: true, stdio: ["ignore", output, output] }
        )
      } finally {
        closeSync(output)
      }
    })
    let detail: string | undefined
    child.on("error", (error) => detail = error.message)
    const answered = () => {
      const file = PostmasterFile.read(data)
      return file?.pid === child.pid && file?.status === "ready"
    }
    yield* until(() => detail !== undefined || ended(child) || answered(), limits.start)
    if (detail === undefined && !ended(child) && answered()) {
      child.unref()
      return child
    }
    child.kill("SIGQUIT")
    return yield* new EmbeddedPostgresFailed({
      step: "start",
      detail: detail ?? (readFileSync(log, "utf8").trim().slice(-2000) || `no answer, see ${log}`)
    })
  },
  // What is left of a server that died needs a moment to notice.
  Effect.retry({
    while: (error) => error._tag === "EmbeddedPostgresFailed" && error.detail.includes("shared memory"),
    schedule: Schedule.upTo(Schedule.spaced("250 millis"), { times: 20 })
  })
)

/** The programs where PostgreSQL's own user reaches them: root's may lie in a folder of root's, and are copied then. */
const reachable = Effect.fnUntraced(function*(folder: string, binaries: PostgresBinaries) {
  const native = dirname(dirname(binaries.postgres))
  if (!StateFolder.isRoot || (yield* StateFolder.closedAbove(binaries.postgres)) === undefined) return binaries
  const copy = join(folder, "postgresql")
  const within = (program: string) => join(copy, relative(native, program))
  if (!existsSync(within(binaries.postgres))) {
    yield* Effect.logInfo(`[EmbeddedPostgres] Copying the server's programs to ${copy}, where its user reaches them`)
    yield* StateFolder.attempt(folder, async () => {
      await rm(`${copy}.new`, { recursive: true, force: true })
      await cp(native, `${copy}.new`, { recursive: true, verbatimSymlinks: true })
      await rename(`${copy}.new`, copy)
    })
  }
  return { initdb: within(binaries.initdb), postgres: within(binaries.postgres) }
})

/** Where the server's data is in a state folder. */
export const dataFolder = (folder: string): string => join(folder, "postgres")

/**
 * Runs the server for the life of the scope in a state folder whose lock is held, and starts it again should it end by
 * itself.
 */
export const serve = Effect.fnUntraced(function*(folder: string) {
  const data = dataFolder(folder)
  const user = serverUser(data)
  const closed = StateFolder.isRoot ? yield* StateFolder.closedAbove(folder) : undefined
  if (closed !== undefined) {
    return yield* new StateFolder.StateFolderUnusable({
      folder,
      detail: `PostgreSQL does not run as root, and the user that it runs as cannot pass through ${closed}; ` +
        `give it another folder, such as /var/lib/thunderline`
    })
  }
  const binaries = yield* reachable(folder, yield* find())
  if (!existsSync(join(data, "PG_VERSION"))) yield* initdb(folder, data, binaries, user)
  const sockets = yield* socketFolder(folder, data, user)
  const launch = Effect.andThen(
    clearRemains(folder, data, sockets),
    start(folder, data, sockets, binaries, user)
  )
  let child: ChildProcess = yield* Effect.acquireRelease(launch, () =>
    Effect.suspend(() => {
      child.ref()
      return stop((signal) => child.kill(signal), () => ended(child))
    }))
  const ending = Effect.callback<void>((resume) => {
    if (ended(child)) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
  })
  const revive = Effect.gen(function*() {
    yield* ending
    yield* Effect.logWarning("[EmbeddedPostgres] The server has ended by itself, starting it again")
    child = yield* Effect.uninterruptible(launch).pipe(
      Effect.tapError((error) => Effect.logError(`[EmbeddedPostgres] ${error.message}`)),
      Effect.retry(Schedule.spaced("1 second"))
    )
  })
  yield* Effect.forkScoped(Effect.forever(revive))
  return serverAt(sockets)
})
