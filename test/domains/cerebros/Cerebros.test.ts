import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import * as Cerebros from "../../../src/domains/cerebros/Cerebros.ts"
import * as Lanes from "../../../src/domains/thunderbolt/Lanes.ts"
import * as Blackboard from "../../../src/domains/thunderflow/Blackboard.ts"
import * as EventBuffer from "../../../src/domains/thunderflow/EventBuffer.ts"
import { TickDispatcher, type TickHandled } from "../../../src/supervision/TickDispatcher.ts"
import * as TestRegistry from "../TestRegistry.ts"
import { steady, uniform } from "./Durations.ts"

const layer = (registry: TestRegistry.TestRegistry, lanes = Lanes.layer) =>
  Cerebros.layer.pipe(
    Layer.provideMerge(lanes),
    Layer.provideMerge(Layer.mergeAll(EventBuffer.layer, Blackboard.layer)),
    Layer.provide(TestRegistry.layer(registry))
  )

const sample = (domain: string, tick: number, ms: number, generation = 1): TickHandled => ({
  domain,
  generation,
  tick,
  duration: Duration.millis(ms),
  coalesced: 0
})

/** Waits until the lanes have nothing to do. */
const idle = Effect.gen(function*() {
  const lanes = yield* Lanes.Lanes
  yield* Effect.repeat(Effect.andThen(Effect.yieldNow, lanes.stats), {
    until: (stats) => stats.every(({ queued, running }) => queued + running === 0)
  })
})

const names = Object.keys(steady)

/** An application whose domains take their time as the shapes say; `factor` makes one slower. */
const application = (registry: TestRegistry.TestRegistry, seed: number) => {
  const sources = names.map((name, i) => steady[name]!(uniform(seed + i)))
  const factor = new Map<number, number>()
  const beat = Effect.fnUntraced(function*(generation = 1) {
    const cerebros = yield* Cerebros.Cerebros
    const tick = ++registry.tick
    for (const [i, next] of sources.entries()) {
      const ms = next() * (factor.get(i) ?? 1)
      yield* cerebros.observe(sample(`domain-${i}`, tick, ms, factor.has(i) ? 1 : generation))
    }
    yield* cerebros.evaluate(tick)
    yield* idle
    return yield* cerebros.anomalies
  })
  return { beat, factor }
}

describe("Cerebros", () => {
  it.effect("flags no steady domain in 1,000 ticks, then within 20 ticks the one made 10 times slower, and no other", () =>
    Effect.gen(function*() {
      const registry = TestRegistry.make()
      yield* Effect.gen(function*() {
        yield* Effect.forkScoped(Lanes.drain, { startImmediately: true })
        const { beat, factor } = application(registry, 7)
        for (let tick = 1; tick <= 1000; tick++) {
          assert.deepStrictEqual(yield* beat(), [], `tick ${tick}`)
        }
        factor.set(3, 10)
        let anomalies: ReadonlyArray<Cerebros.Anomaly> = []
        while (anomalies.length === 0) anomalies = yield* beat()
        assert.isAtMost(registry.tick, 1020)
        assert.deepStrictEqual(anomalies.map(({ domain }) => domain), ["domain-3"])
        const { expectedMs, observedMs } = anomalies[0]!
        assert.approximately(expectedMs, 10, 2)
        assert.isAbove(observedMs, 30)
        const events = yield* (yield* EventBuffer.EventBuffer).recent
        assert.deepStrictEqual(
          events.filter(({ source }) => source === "cerebros").map(({ type }) => type),
          ["cerebros.anomaly"]
        )
      }).pipe(Effect.provide(layer(registry)))
    }))

  const slowDown = Effect.fnUntraced(function*(registry: TestRegistry.TestRegistry) {
    yield* Effect.forkScoped(Lanes.drain, { startImmediately: true })
    const cerebros = yield* Cerebros.Cerebros
    const beat = Effect.fnUntraced(function*(ms: number | undefined, generation = 1) {
      const tick = ++registry.tick
      if (ms !== undefined) yield* cerebros.observe(sample("alpha", tick, ms, generation))
      yield* cerebros.evaluate(tick)
      yield* idle
      return (yield* cerebros.anomalies).length
    })
    for (let n = 0; n < 100; n++) yield* beat(10)
    for (let n = 0; n < 20; n++) yield* beat(100)
    return beat
  })

  it.effect("takes an anomaly back when the domain is its old self, or a new generation", () =>
    Effect.gen(function*() {
      for (const [ms, generation] of [[10, 1], [100, 2]] as const) {
        const registry = TestRegistry.make()
        yield* Effect.gen(function*() {
          const beat = yield* slowDown(registry)
          assert.strictEqual(yield* beat(100), 1)
          let ticks = 1
          while ((yield* beat(ms, generation)) === 1) ticks++
          assert.strictEqual(ticks, generation === 1 ? 10 : 1)
          const events = yield* (yield* EventBuffer.EventBuffer).recent
          assert.strictEqual(events.at(-1)!.type, "lanes.job")
          assert.strictEqual(events.at(-2)!.type, "cerebros.recovered")
        }).pipe(Effect.provide(layer(registry)), Effect.scoped)
      }
    }))

  it.effect("lets an anomaly expire when nothing more is heard of its domain", () =>
    Effect.gen(function*() {
      const registry = TestRegistry.make()
      yield* Effect.gen(function*() {
        const beat = yield* slowDown(registry)
        for (let tick = 1; tick <= 9; tick++) assert.strictEqual(yield* beat(undefined), 1, `tick ${tick}`)
        assert.strictEqual(yield* beat(undefined), 0)
      }).pipe(Effect.provide(layer(registry)))
    }))

  it.effect("loses nothing while its lane is full", () =>
    Effect.gen(function*() {
      const registry = TestRegistry.make()
      const lanes = Lanes.layerWith({ analysis: { concurrency: 1, capacity: 1 } })
      yield* Effect.gen(function*() {
        const cerebros = yield* Cerebros.Cerebros
        for (let tick = 1; tick <= 80; tick++) {
          yield* cerebros.observe(sample("alpha", tick, 10))
          yield* cerebros.evaluate(tick)
        }
        assert.deepStrictEqual(yield* cerebros.expected("alpha"), Option.none())
        yield* Effect.forkScoped(Lanes.drain, { startImmediately: true })
        yield* idle
        yield* cerebros.evaluate(81)
        yield* idle
        const expected = Option.getOrThrow(yield* cerebros.expected("alpha"))
        assert.approximately(Duration.toMillis(expected), 10, 0.1)
      }).pipe(Effect.provide(layer(registry, lanes)))
    }))

  it.effect("listens to every tick that any domain has handled", () =>
    Effect.gen(function*() {
      const handled = yield* PubSub.unbounded<TickHandled>()
      const registry = TestRegistry.make()
      yield* Effect.gen(function*() {
        yield* Effect.forkScoped(Lanes.drain, { startImmediately: true })
        yield* Effect.forkScoped(Cerebros.listen, { startImmediately: true })
        yield* Effect.forEach(
          Array.from({ length: 80 }),
          (_, tick) => PubSub.publish(handled, sample("alpha", tick, 10))
        )
        const cerebros = yield* Cerebros.Cerebros
        const expected = yield* Effect.andThen(Effect.yieldNow, cerebros.evaluate(1)).pipe(
          Effect.andThen(cerebros.expected("alpha")),
          Effect.repeat({ until: Option.isSome })
        )
        assert.approximately(Duration.toMillis(Option.getOrThrow(expected)), 10, 0.1)
      }).pipe(
        Effect.provide(layer(registry)),
        Effect.provideService(TickDispatcher, { handled: Stream.fromPubSub(handled) })
      )
    }))
})
