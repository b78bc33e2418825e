import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as StateFolder from "../../node/StateFolder.ts"
import { EmbeddedPostgresFailed } from "./PostgresBinaries.ts"
import * as PostmasterFile from "./PostmasterFile.ts"
import { env, removeSocket, type ServerFolder } from "./ServerFolder.ts"

/** How long the server may take to recover and answer, to shut down, and to end after that. */
const limits = { start: Duration.minutes(1), fast: Duration.seconds(10), immediate: Duration.seconds(5) }

/** Waits until something holds, looking every 10 ms; `false` when it does not within the limit. */
const until = Effect.fnUntraced(function*(holds: () => boolean, limit: Duration.Duration) {
  const end = performance.now() + Duration.toMillis(limit)
  while (!holds()) {
    if (performance.now() > end) return false
    yield* Effect.sleep("10 millis")
  }
  return true
})

/** Whether the process has ended. */
export const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

/** Stops a server: in good order ("fast"), else at once, from which the next start recovers. */
export const stop = Effect.fnUntraced(function*(kill: (signal: NodeJS.Signals) => void, gone: () => boolean) {
  kill("SIGINT")
  if (yield* until(gone, limits.fast)) return
  yield* Effect.logWarning(`[EmbeddedPostgres] Shutdown exceeded ${Duration.format(limits.fast)}; stopping at once`)
  kill("SIGQUIT")
  if (yield* until(gone, limits.immediate)) return
  yield* Effect.logError(
    `[EmbeddedPostgres] The server did not stop in ${Duration.format(limits.immediate)}; abandoned`
  )
})

/** Stops the server of a program that was killed, or removes the files of one that is dead. */
export const clear = Effect.fnUntraced(function*({ data, folder, sockets }: ServerFolder) {
  const old = yield* StateFolder.attempt(folder, () => PostmasterFile.read(data))
  if (old === undefined) return
  const gone = () => !PostmasterFile.isServer(old.pid, data)
  if (!gone()) {
    yield* Effect.logInfo(`[EmbeddedPostgres] Stopping the server of a program that was killed, process ${old.pid}`)
    yield* stop((signal) => process.kill(old.pid, signal), gone)
  }
  yield* StateFolder.attempt(folder, async () => {
    if (PostmasterFile.read(data) !== undefined) PostmasterFile.disown(data)
    await removeSocket(old.socketFolder, sockets)
  })
})

/**
 * On Linux the server's processes are scheduled as batch work (`SCHED_BATCH`): when they wake they wait for a processor
 * instead of taking that of the program that has just written to them, which would delay its ticks by up to 4 ms. Where
 * this is not available, they run as usual.
 */
const inBackground = (program: string, args: ReadonlyArray<string>): [string, ReadonlyArray<string>] =>
  process.platform === "linux"
    ? ["/bin/sh", ["-c", "chrt -b -p 0 $$ 2> /dev/null; exec \"$0\" \"$@\"", program, ...args]]
    : [program, args]

const launch = ({ binaries, data, sockets, user }: ServerFolder, log: string): ChildProcess => {
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
  const args = ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])]
  const output = openSync(log, "w")
  try {
    // A session of its own: the terminal's Ctrl-C is for the program, which stops the server itself.
    return spawn(...inBackground(binaries.postgres, args), {
      ...user,
      cwd: data,
      env,
      detached: true,
      stdio: ["ignore", output, output]
    })
  } finally {
    closeSync(output)
  }
}

/** Starts the server and returns when it answers. */
export const start = Effect.fnUntraced(
  function*(server: ServerFolder) {
    const { data, folder } = server
    const log = join(folder, "postgres.log")
    const child = yield* StateFolder.attempt(folder, () => launch(server, log))
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
  // The system takes a moment to release the shared memory of a server that died.
  Effect.retry({
    while: (error) => error._tag === "EmbeddedPostgresFailed" && error.detail.includes("shared memory"),
    schedule: Schedule.upTo(Schedule.spaced("250 millis"), { times: 20 })
  })
)
