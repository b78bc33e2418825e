import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { resolve } from "node:path"
import * as StateFolder from "../../node/StateFolder.ts"
import type { EmbeddedPostgresFailed, EmbeddedPostgresMissing } from "./PostgresBinaries.ts"
import * as PostgresServer from "./PostgresServer.ts"
import * as PostmasterFile from "./PostmasterFile.ts"

export { StateFolderInUse, StateFolderUnusable } from "../../node/StateFolder.ts"
export { EmbeddedPostgresFailed, EmbeddedPostgresMissing } from "./PostgresBinaries.ts"
export type { EmbeddedServer } from "./PostgresServer.ts"

/** Why an embedded server is not to be had. */
export type EmbeddedPostgresError =
  | StateFolder.StateFolderInUse
  | StateFolder.StateFolderUnusable
  | EmbeddedPostgresFailed
  | EmbeddedPostgresMissing

/** How long to wait for a state folder that somebody reads, or for a server that somebody is starting. */
const everyFewMillis = Schedule.upTo(Schedule.spaced("50 millis"), { duration: Duration.seconds(15) })

/** Processes take real time, also where the program is run in virtual time. */
const inRealTime = Effect.provideService(Clock.Clock, Context.get(Context.empty(), Clock.Clock))

/**
 * Runs a PostgreSQL server for the life of the scope: its own data in `<stateDir>/postgres`, its log in
 * `<stateDir>/postgres.log`, reachable by a unix socket that only this user can open. It takes about a second the first
 * time and a third of one after that.
 *
 * One program at a time: another one fails with `StateFolderInUse` and harms nothing; one that only reads is waited
 * for, up to 15 seconds. The server that a killed program left behind is ended first; what it had committed is there.
 * A server that ends by itself is started again. Under root it runs as `postgres` or `nobody`, who must be able to
 * pass through the folders above.
 */
export const acquire = Effect.fn("EmbeddedPostgres.acquire")(
  function*(stateDir: string): Effect.fn.Return<PostgresServer.EmbeddedServer, EmbeddedPostgresError, Scope.Scope> {
    const folder = resolve(stateDir)
    yield* StateFolder.make(folder)
    yield* StateFolder.lock(folder, "run").pipe(
      Effect.retry({
        while: (error) => error._tag === "StateFolderInUse" && error.purpose !== "run",
        schedule: everyFewMillis
      })
    )
    return yield* PostgresServer.serve(folder)
  },
  inRealTime
)

/**
 * Reaches the server of a state folder in order to read: the one of the program that runs on it, or, when none does, a
 * server that runs for the life of the scope.
 */
export const connect = Effect.fn("EmbeddedPostgres.connect")(
  function*(stateDir: string): Effect.fn.Return<PostgresServer.EmbeddedServer, EmbeddedPostgresError, Scope.Scope> {
    const folder = resolve(stateDir)
    const data = PostgresServer.dataFolder(folder)
    yield* StateFolder.make(folder)
    const running = (error: StateFolder.StateFolderInUse) =>
      Effect.flatMap(
        StateFolder.attempt(folder, () => PostmasterFile.read(data)),
        (file) =>
          file?.status === "ready" ? Effect.succeed(PostgresServer.serverAt(file.socketFolder)) : Effect.fail(error)
      )
    return yield* StateFolder.lock(folder, "read").pipe(
      Effect.andThen(PostgresServer.serve(folder)),
      Effect.catchTag("StateFolderInUse", (error) => error.purpose === "run" ? running(error) : Effect.fail(error)),
      Effect.retry({
        while: (error) => error._tag === "StateFolderInUse",
        schedule: everyFewMillis
      })
    )
  },
  inRealTime
)
