import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as PubSub from "effect/PubSub"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import { SystemPubSub } from "../../src/heartbeat/SystemPubSub.ts"
import { TickIngress } from "../../src/heartbeat/TickIngress.ts"
import type { Tick } from "../../src/model/Tick.ts"
import { int } from "../support/arbitraries.ts"
import { ticking } from "../support/foundation.ts"
import { tick } from "../support/values.ts"

const refused = Effect.map(Metric.snapshot, (metrics) => {
  const metric = metrics.find(({ id }) => id === "thunderline.ticks.refused")
  return metric !== undefined && "count" in metric.state ? Number(metric.state.count) : NaN
})

describe("TickIngress", () => {
  it.effect("refuses and counts a tick that is not newer, wherever it comes from, and tells nobody of it", () =>
    Effect.gen(function*() {
      const before = yield* refused
      const ingress = yield* TickIngress
      const registry = yield* DomainRegistry
      const heard: Array<number> = []
      yield* ingress.listen(({ count }) => heard.push(count))
      const ticks = yield* SystemPubSub.use((bus) => bus.subscribe("system:domain_tick"))
      assert.isTrue(yield* ingress.accept(tick(3)))
      assert.isFalse(yield* ingress.accept(tick(3)))
      assert.isFalse(yield* ingress.accept(tick(2, { epoch: 9 })))
      assert.isTrue(yield* ingress.accept(tick(7, { epoch: 2 })))
      assert.isFalse(yield* ingress.accept(tick(8, { epoch: 1 })))
      assert.deepStrictEqual(heard, [3, 7])
      assert.strictEqual((yield* refused) - before, 3)
      assert.strictEqual(yield* registry.currentTick, 7)
      const published = yield* PubSub.takeUpTo(ticks, Number.MAX_SAFE_INTEGER)
      assert.deepStrictEqual(published.map(({ payload }) => payload.count), [3, 7])
    }).pipe(Effect.provide(ticking)))

  it.effect.prop(
    "whatever is sent: counts that are heard grow strictly, epochs never fall",
    { sent: Arbitrary.array(int(0, 143), { maxLength: 30 }) },
    ({ sent }) =>
      Effect.gen(function*() {
        const ingress = yield* TickIngress
        const heard: Array<Tick> = []
        yield* ingress.listen((tick) => heard.push(tick))
        for (const n of sent) yield* ingress.accept(tick(n % 12, { epoch: Math.floor(n / 12) }))
        assert.strictEqual(heard.length > 0, sent.length > 0)
        for (const [i, { count, epoch }] of heard.entries()) {
          if (i === 0) continue
          assert.isAbove(count, heard[i - 1]!.count)
          assert.isAtLeast(epoch, heard[i - 1]!.epoch)
        }
      }).pipe(Effect.provide(Layer.fresh(ticking)))
  )

  it.effect("calls a listener no more once its scope is closed", () =>
    Effect.gen(function*() {
      const ingress = yield* TickIngress
      const heard: Array<number> = []
      yield* Effect.scoped(Effect.andThen(ingress.listen(({ count }) => heard.push(count)), ingress.accept(tick(1))))
      yield* ingress.accept(tick(2))
      assert.deepStrictEqual(heard, [1])
    }).pipe(Effect.provide(ticking)))
})
