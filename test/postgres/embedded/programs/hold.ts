/**
 * A program on a state folder: runs the embedded server until SIGTERM. Says `ready` with where it is; on SIGINT asks
 * the server something and says `alive`.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as EmbeddedPostgres from "../../../../src/postgres/embedded/EmbeddedPostgres.ts"

const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)

const program = Effect.gen(function*() {
  const server = yield* EmbeddedPostgres.acquire(process.argv[2]!)
  const ask = PgClient.PgClient.use((sql) => sql`select 1`).pipe(Effect.provide(PgClient.layer(server)))
  const run = Effect.runPromiseWith(yield* Effect.context())
  process.on("SIGINT", () => {
    run(ask).then(() => say({ event: "alive" }))
  })
  yield* Effect.callback<void>((resume) => {
    process.on("SIGTERM", () => resume(Effect.void))
    say({ event: "ready", ...server })
    const keep = setInterval(() => {}, 1_000)
    return Effect.sync(() => clearInterval(keep))
  })
})

Effect.runPromise(Effect.scoped(program)).then(
  () => process.exit(0),
  (error) => {
    say({ event: "failed", tag: error._tag, message: error.message, folder: error.folder, pid: error.pid })
    process.exit(1)
  }
)
