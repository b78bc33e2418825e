import * as PgClient from "@effect/sql-pg/PgClient"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SqlClient } from "effect/sql/SqlClient"
import type { DomainEvent } from "../src/model/DomainEvent.ts"
import * as EmbeddedPostgres from "../src/postgres/embedded/EmbeddedPostgres.ts"
import * as Migrations from "../src/postgres/Migrations.ts"
import * as SqlRepo from "../src/postgres/SqlRepo.ts"
import * as Outbox from "../src/trail/Outbox.ts"
import { OutboxIntake } from "../src/trail/OutboxIntake.ts"
import * as TrailStatus from "../src/trail/TrailStatus.ts"
import { temporaryFolder } from "../test/support/Database.ts"
import type { Benchmark, Figure } from "./Benchmark.ts"
import { makeEvents } from "./Events.ts"

// How many transitions a second the outbox commits, with their projection, against a bare `sql.insert` of the same
// rows into the same table with the same indexes, in turn.

const rounds = 7
const perRound = 60_000
const chunk = 500

const seconds = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const start = performance.now()
    return Effect.map(effect, () => (performance.now() - start) / 1000)
  })

/** Keeps the outbox supplied without ever filling it. */
const supply = Effect.fnUntraced(function*(events: ReadonlyArray<DomainEvent>) {
  const outbox = yield* Outbox.Outbox
  const { offer } = yield* OutboxIntake
  for (let i = 0; i < events.length; i += chunk) {
    while ((yield* outbox.stats).backlog > 8_000) yield* Effect.yieldNow
    offer(events.slice(i, i + chunk))
  }
  yield* outbox.flush
})

const rowOf = (event: DomainEvent): Record<string, unknown> => ({
  id: event.id,
  run_id: event.runId,
  node: event.node,
  domain_name: event.domain,
  generation: event.generation,
  epoch: event.epoch,
  tick_count: event.tick,
  wave: event.wave,
  from_status: event.from,
  to_status: event.to,
  reason: event.reason,
  cause: event.cause,
  duration_ms: event.durationMs,
  metadata: JSON.stringify(event.metadata),
  trace_id: event.traceId,
  span_id: event.spanId,
  occurred_at: DateTime.toDateUtc(event.occurredAt)
})

const bare = Effect.fnUntraced(function*(schema: string, events: ReadonlyArray<DomainEvent>) {
  const sql = yield* SqlClient
  for (const rows of Arr.chunksOf(events, 1_000)) {
    yield* sql`insert into ${sql(`${schema}.domain_event`)} ${sql.insert(Arr.map(rows, rowOf))}`
  }
})

const program = (report: (figure: Figure) => void) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient
    const outbox = yield* Outbox.Outbox
    const make = yield* makeEvents
    yield* Migrations.run("bare")
    yield* Migrations.run("trail")
    for (let round = 0; round < rounds; round++) {
      yield* sql`truncate bare.domain_event, trail.domain_event, trail.active_domain_registry`
      yield* sql`checkpoint`
      globalThis.gc!()
      const heap = process.memoryUsage().heapUsed
      const events = make(perRound)
      const insert = perRound / (yield* seconds(bare("bare", events)))
      yield* sql`checkpoint`
      const write = perRound / (yield* seconds(supply(events)))
      const { dropped, written } = yield* outbox.stats
      if (dropped > 0 || written !== perRound * (round + 1)) return yield* Effect.die("not everything was written")
      report({ name: "outbox (event and projection)", unit: "transitions/s", value: write })
      report({ name: "bare sql.insert (event)", unit: "rows/s", value: insert })
      report({ name: "outbox / bare insert", unit: "ratio", value: write / insert })
      report({ name: "resident memory of the process", unit: "MB", value: process.memoryUsage().rss / 2 ** 20 })
      globalThis.gc!()
      report({ name: "heap kept after a round", unit: "MB", value: (process.memoryUsage().heapUsed - heap) / 2 ** 20 })
    }
  })

const benchmark: Benchmark = (report) => {
  const server = Layer.unwrap(
    Effect.map(Effect.flatMap(temporaryFolder, EmbeddedPostgres.acquire), (server) => PgClient.layer(server))
  )
  const layer = Outbox.layer().pipe(
    Layer.provideMerge(Layer.merge(SqlRepo.layer({ schema: "trail" }), TrailStatus.layer)),
    Layer.provideMerge(server)
  )
  return Effect.runPromise(program(report).pipe(Effect.provide(layer), Effect.scoped))
}
export default benchmark
