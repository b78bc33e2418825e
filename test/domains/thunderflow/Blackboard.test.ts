import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Blackboard from "../../../src/domains/thunderflow/Blackboard.ts"
import * as TestRegistry from "../TestRegistry.ts"

const make = Effect.fnUntraced(function*(tick: number) {
  const registry = TestRegistry.make(tick)
  const blackboard = yield* Effect.provide(Blackboard.make, TestRegistry.layer(registry))
  const beat = Effect.suspend(() => blackboard.expire(++registry.tick))
  return { registry, blackboard, beat }
})

const Ticks = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 }))

describe("Blackboard", () => {
  it.effect("forgets a fact on exactly its tick", () =>
    Effect.gen(function*() {
      const { beat, blackboard, registry } = yield* make(7)
      yield* blackboard.post("load", 0.9, { ttl: 3 })
      for (const tick of [8, 9]) {
        yield* beat
        assert.strictEqual(registry.tick, tick)
        assert.isTrue(Option.isSome(yield* blackboard.get("load")))
      }
      yield* beat
      assert.isTrue(Option.isNone(yield* blackboard.get("load")))
      assert.deepStrictEqual(yield* blackboard.facts(), [])
    }))

  it.effect("does not show a fact that is over, even before its tick was handled", () =>
    Effect.gen(function*() {
      const { blackboard, registry } = yield* make(1)
      yield* blackboard.post("load", 0.9, { ttl: 2 })
      registry.tick = 3
      assert.isTrue(Option.isNone(yield* blackboard.get("load")))
      assert.deepStrictEqual(yield* blackboard.facts(), [])
    }))

  it.effect.prop(
    "shows at every tick exactly the facts whose time-to-live is not over",
    { start: Ticks, ttls: Schema.Array(Schema.NullOr(Ticks)) },
    ({ start, ttls }) =>
      Effect.scoped(Effect.gen(function*() {
        const { beat, blackboard, registry } = yield* make(start)
        yield* Effect.forEach(ttls, (ttl, i) => blackboard.post(`fact-${i}`, i, ttl === null ? {} : { ttl }))
        for (let elapsed = 0; elapsed <= 31; elapsed++) {
          const expected = ttls.flatMap((ttl, i) => ttl === null || elapsed < ttl ? [i] : [])
          const values = (yield* blackboard.facts("fact-")).map(({ value }) => Number(value)).sort((a, b) => a - b)
          assert.deepStrictEqual(values, expected, `tick ${registry.tick}`)
          yield* beat
        }
      }))
  )

  it.effect("counts a fact's ticks anew when it is posted again", () =>
    Effect.gen(function*() {
      const { beat, blackboard } = yield* make(1)
      yield* blackboard.post("load", 1, { ttl: 2 })
      yield* beat
      yield* blackboard.post("load", 2, { ttl: 2 })
      yield* beat
      assert.deepStrictEqual(Option.map(yield* blackboard.get("load"), ({ value }) => value), Option.some(2))
      yield* beat
      assert.isTrue(Option.isNone(yield* blackboard.get("load")))
    }))

  it.effect("tells every change in order", () =>
    Effect.gen(function*() {
      const { beat, blackboard } = yield* make(1)
      const changes = yield* blackboard.changes.pipe(
        Stream.take(4),
        Stream.map(({ _tag, fact }) => `${_tag} ${fact.key}`),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      yield* blackboard.post("a", 1, { ttl: 1 })
      yield* blackboard.post("b", 1)
      yield* blackboard.retract("b")
      yield* blackboard.retract("nothing")
      yield* beat
      assert.deepStrictEqual(yield* Fiber.join(changes), ["posted a", "posted b", "retracted b", "expired a"])
    }))

  it.effect("begins empty in each generation", () =>
    Effect.gen(function*() {
      const registry = TestRegistry.layer(TestRegistry.make(1))
      const generation = Effect.scoped(Effect.gen(function*() {
        const blackboard = yield* Blackboard.make
        const before = yield* blackboard.facts()
        yield* blackboard.post("kept", true)
        return before
      })).pipe(Effect.provide(registry))
      assert.deepStrictEqual(yield* generation, [])
      assert.deepStrictEqual(yield* generation, [])
    }))
})
