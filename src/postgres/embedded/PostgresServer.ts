import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { ChildProcess } from "node:child_process"
import { join } from "node:path"
import * as Loop from "../../telemetry/Loop.ts"
import { find } from "./PostgresBinaries.ts"
import { prepare, socketName } from "./ServerFolder.ts"
import * as ServerProcess from "./ServerProcess.ts"

/** Where the running server is reached: settings for a `PgClient`. */
export interface EmbeddedServer {
  /** Its unix socket. */
  readonly path: string
  readonly username: string
  readonly database: string
}

/** The server whose socket is in that folder. */
export const serverAt = (socketFolder: string): EmbeddedServer => ({
  path: join(socketFolder, socketName),
  username: "thunderline",
  database: "postgres"
})

const exitOf = (child: ChildProcess) =>
  Effect.callback<void>((resume) => {
    if (ServerProcess.ended(child)) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
  })

/**
 * Runs the server for the life of the scope in a state folder whose lock is held, and starts it again when it ends
 * unexpectedly.
 */
export const serve = Effect.fnUntraced(function*(folder: string) {
  const server = yield* prepare(folder, yield* find())
  const launch = Effect.andThen(ServerProcess.clear(server), ServerProcess.start(server))
  let child: ChildProcess = yield* Effect.acquireRelease(launch, () =>
    Effect.suspend(() => {
      child.ref()
      return ServerProcess.stop((signal) => child.kill(signal), () => ServerProcess.ended(child))
    }))
  const revive = Effect.gen(function*() {
    yield* exitOf(child)
    yield* Effect.logWarning("[EmbeddedPostgres] The server ended unexpectedly; starting it again")
    child = yield* Effect.uninterruptible(launch).pipe(
      Effect.tapError((error) => Effect.logError(`[EmbeddedPostgres] ${error.message}`)),
      Effect.retry(Schedule.spaced("1 second"))
    )
  })
  yield* Loop.supervised("embedded PostgreSQL", Effect.forever(revive))
  return serverAt(server.sockets)
})
