import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as PostgresBinaries from "../../src/postgres/embedded/PostgresBinaries.ts"
import * as PostmasterFile from "../../src/postgres/embedded/PostmasterFile.ts"
import { freePort, temporaryFolder } from "./Database.ts"

/** The newest PostgreSQL of the distribution, if there is one. */
export const distribution = (): { readonly version: string; readonly bin: string } | undefined => {
  const root = "/usr/lib/postgresql"
  const version = existsSync(root) ? readdirSync(root).sort((a, b) => Number(a) - Number(b)).at(-1) : undefined
  return version === undefined ? undefined : { version, bin: join(root, version, "bin") }
}

/** Whom the server runs as: it refuses root. */
const user = () => {
  if (process.getuid?.() !== 0) return {}
  const line = readFileSync("/etc/passwd", "utf8").split("\n").find((line) => /^(postgres|nobody):/.test(line))!
  const [, , uid, gid] = line.split(":")
  return { uid: Number(uid), gid: Number(gid) }
}

/**
 * A PostgreSQL server whose process is at the test's mercy, ended with the scope: the embedded one, or that of a folder
 * of programs. Nobody starts it again but the test.
 */
export const make = Effect.fnUntraced(function*(
  options: { readonly bin?: string | undefined; readonly settings?: Readonly<Record<string, string>> } = {}
) {
  const folder = yield* temporaryFolder
  const { initdb, postgres } = options.bin === undefined
    ? yield* PostgresBinaries.find()
    : { initdb: join(options.bin, "initdb"), postgres: join(options.bin, "postgres") }
  const data = join(folder, "data")
  const port = yield* freePort
  const as = user()
  mkdirSync(data, { mode: 0o700 })
  if (as.uid !== undefined) { for (const path of [folder, data]) chownSync(path, as.uid, as.gid) }
  execFileSync(initdb, ["-D", data, "-U", "thunderline", "-A", "trust", "-E", "UTF8", "--locale=C"], {
    ...as,
    cwd: data,
    stdio: "ignore"
  })
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: data,
    superuser_reserved_connections: "0",
    ...options.settings
  }
  let child: ChildProcess | undefined
  const ended = () => child === undefined || child.exitCode !== null || child.signalCode !== null
  const until = (holds: () => boolean) =>
    Effect.repeat(Effect.sync(holds), { until: (held) => held, schedule: Schedule.spaced("10 millis") }).pipe(
      Effect.timeout(Duration.seconds(60)),
      Effect.orDie
    )

  const start = Effect.suspend(() => {
    child = spawn(postgres, [
      "-D",
      data,
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
    ], {
      ...as,
      cwd: data,
      stdio: "ignore"
    })
    return until(() => ended() || PostmasterFile.read(data)?.status === "ready")
  })

  /** The server and the processes of its own. */
  const pids = () => {
    const postmaster = child!.pid!
    const children = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[1] === String(postmaster)
      } catch {
        return false
      }
    })
    return [postmaster, ...children.map(Number)]
  }
  const signal = (name: NodeJS.Signals) =>
    Effect.sync(() => {
      for (const pid of pids()) {
        try {
          process.kill(pid, name)
        } catch {
          // It has ended since.
        }
      }
    })
  /** SIGINT: in good order. SIGKILL: all at once. */
  const stop = (name: "SIGINT" | "SIGKILL") =>
    Effect.suspend(() =>
      ended() ? Effect.void : name === "SIGINT" ? Effect.sync(() => child!.kill(name)) : signal(name)
    )
      .pipe(Effect.andThen(until(ended)))

  yield* start
  yield* Effect.addFinalizer(() => Effect.andThen(Effect.ignore(signal("SIGCONT")), stop("SIGKILL")))
  const url = `postgres://thunderline@127.0.0.1:${port}/postgres`
  return { url, folder, owner: as, start, stop, signal }
})

export type PostgresProcess = Effect.Success<ReturnType<typeof make>>
