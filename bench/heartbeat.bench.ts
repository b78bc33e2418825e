import * as PgClient from "@effect/sql-pg/PgClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { SystemPubSub } from "../src/heartbeat/SystemPubSub.ts"
import * as Domain from "../src/model/Domain.ts"
import * as EmbeddedPostgres from "../src/postgres/embedded/EmbeddedPostgres.ts"
import * as SqlRepo from "../src/postgres/SqlRepo.ts"
import * as Thunderline from "../src/Thunderline.ts"
import * as Outbox from "../src/trail/Outbox.ts"
import { OutboxIntake } from "../src/trail/OutboxIntake.ts"
import { temporaryFolder } from "../test/support/Database.ts"
import type { Benchmark, Figure } from "./Benchmark.ts"
import { makeEvents } from "./Events.ts"

// How late the ticks of a heart that beats every 5 ms are while the outbox drains backlogs of 10,000 transitions into
// the embedded server, against while it has nothing to do, in turn.

const rounds = 7
const idleTime = "3 seconds"
const drains = 10

const quantile = (values: ReadonlyArray<number>, q: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]!

const program = (report: (figure: Figure) => void) =>
  Effect.gen(function*() {
    const outbox = yield* Outbox.Outbox
    const { offer } = yield* OutboxIntake
    const pubsub = yield* SystemPubSub
    const make = yield* makeEvents
    let late: Array<number> = []
    yield* Effect.forkChild(Stream.runForEach(pubsub.stream("system:domain_tick"), ({ payload }) =>
      Effect.sync(() =>
        late.push(Duration.toMillis(payload.lateness))
      )))
    const during = <A>(effect: Effect.Effect<A>) =>
      Effect.suspend(() => {
        late = []
        return Effect.map(effect, () =>
          late)
      })
    yield* Effect.sleep("1 second")
    for (let round = 0; round < rounds; round++) {
      const idle = yield* during(Effect.sleep(idleTime))
      const draining: Array<number> = []
      for (let drain = 0; drain < drains; drain++) {
        // Made, and what that left to the collector collected, before the time that is measured.
        const events = make(10_000)
        globalThis.gc?.()
        yield* Effect.sleep("100 millis")
        offer(events)
        // Ten thousand at once are taken in one step, which is no part of draining them.
        yield* Effect.sleep("6 millis")
        draining.push(...(yield* during(outbox.flush)))
      }
      for (const [when, values] of [["idle", idle], ["draining", draining]] as const) {
        for (const q of [0.5, 0.99] as const) {
          report({ name: `lateness p${q * 100}, ${when}`, unit: "ms", value: quantile(values, q) })
        }
      }
      report({ name: "p99 draining / idle", unit: "ratio", value: quantile(draining, 0.99) / quantile(idle, 0.99) })
      report({ name: "ticks seen while draining", unit: "ticks", value: draining.length })
    }
  })

const benchmark: Benchmark = (report) => {
  const repo = Layer.unwrap(
    Effect.map(
      Effect.flatMap(temporaryFolder, EmbeddedPostgres.acquire),
      (server) => Layer.provide(SqlRepo.layer(), PgClient.layer(server))
    )
  )
  const one = Domain.make("one", { layer: Layer.empty })
  // The entrance of the outbox is there, but is for Thunderline itself.
  const layer = Thunderline.layer({ domains: [one], interval: "5 millis", repo }) as Layer.Layer<
    Thunderline.Infrastructure | OutboxIntake,
    unknown,
    Scope.Scope
  >
  return Effect.runPromise(
    program(report).pipe(Effect.provide(layer), Effect.provide(Logger.layer([])), Effect.scoped)
  )
}
export default benchmark
