import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as PubSub from "effect/PubSub"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { expectTypeOf } from "vitest"
import * as SystemPubSub from "../../src/heartbeat/SystemPubSub.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import type { Tick } from "../../src/model/Tick.ts"
import { int } from "../support/arbitraries.ts"
import { settle } from "../support/awaitState.ts"
import { bus as fullBus } from "../support/bus.ts"
import { event, tick } from "../support/values.ts"

const drain = <A>(subscription: PubSub.Subscription<A>) => PubSub.takeUpTo(subscription, Number.MAX_SAFE_INTEGER)

describe("SystemPubSub", () => {
  it.effect("numbers each topic by itself, from 1, in the order of publishing", () =>
    Effect.gen(function*() {
      const bus = yield* fullBus
      const ticks = yield* bus.subscribe("system:domain_tick")
      const events = yield* bus.subscribe("system:domain_event")
      yield* bus.publish("system:domain_tick", tick(7))
      yield* bus.publish("system:domain_event", event(1))
      yield* bus.publish("system:domain_tick", tick(8))
      yield* bus.publish("system:domain_event", event(2))
      yield* bus.publish("system:domain_tick", tick(9))
      assert.deepStrictEqual((yield* drain(ticks)).map((m) => [m.sequence, m.payload.count]), [[1, 7], [2, 8], [3, 9]])
      assert.deepStrictEqual((yield* drain(events)).map((m) => [m.sequence, m.payload.tick]), [[1, 1], [2, 2]])
    }).pipe(Effect.provide(SystemPubSub.layer)))

  it.effect("shows a reader only what comes after it subscribed, with the numbers going on", () =>
    Effect.gen(function*() {
      const bus = yield* fullBus
      yield* bus.publish("system:domain_tick", tick(1))
      const late = yield* bus.subscribe("system:domain_tick")
      yield* bus.publish("system:domain_tick", tick(2))
      assert.deepStrictEqual((yield* drain(late)).map((m) => m.sequence), [2])
    }).pipe(Effect.provide(SystemPubSub.layer)))

  it.effect("gives a reader by stream all that it gives a subscriber", () =>
    Effect.gen(function*() {
      const bus = yield* fullBus
      const reader = yield* Effect.forkChild(bus.stream("system:domain_tick").pipe(Stream.take(3), Stream.runCollect))
      yield* settle
      for (const n of [1, 2, 3, 4]) yield* bus.publish("system:domain_tick", tick(n))
      assert.deepStrictEqual((yield* Fiber.join(reader)).map((m) => [m.sequence, m.payload.count]), [
        [1, 1],
        [2, 2],
        [3, 3]
      ])
    }).pipe(Effect.provide(SystemPubSub.layer)))

  it.effect("lets a slow reader lose the oldest, see it from the gap, and slow nobody else", () =>
    Effect.gen(function*() {
      const bus = yield* fullBus
      const slow = yield* bus.subscribe("system:domain_tick")
      const fast = yield* bus.subscribe("system:domain_tick")
      const seen: Array<number> = []
      for (let n = 1; n <= 20; n++) {
        yield* bus.publish("system:domain_tick", tick(n))
        seen.push((yield* PubSub.take(fast)).sequence)
      }
      assert.deepStrictEqual(seen, Array.from({ length: 20 }, (_, i) => i + 1))
      const [first, ...rest] = yield* drain(slow)
      assert.deepStrictEqual([first!, ...rest].map((m) => m.sequence), [17, 18, 19, 20])
      // It had seen number 0, so what it missed is counted by the gap.
      assert.strictEqual(first!.sequence - 0 - 1, 16)
      yield* bus.publish("system:domain_tick", tick(21))
      assert.strictEqual((yield* PubSub.take(slow)).sequence, 21)
    }).pipe(Effect.provide(SystemPubSub.layerWith({ capacity: 4 }))))

  it.effect("keeps the newest 4,096 of a topic unless told otherwise", () =>
    Effect.gen(function*() {
      const bus = yield* fullBus
      const slow = yield* bus.subscribe("system:domain_tick")
      for (let n = 1; n <= 5_000; n++) yield* bus.publish("system:domain_tick", tick(n))
      const kept = yield* drain(slow)
      assert.lengthOf(kept, 4_096)
      assert.strictEqual(kept[0]!.sequence, 5_000 - 4_096 + 1)
    }).pipe(Effect.provide(SystemPubSub.layer)))

  it.effect("ends a subscription with its scope", () =>
    Effect.gen(function*() {
      const bus = yield* fullBus
      const scope = yield* Scope.make()
      const subscription = yield* bus.subscribe("system:domain_tick").pipe(Scope.provide(scope))
      yield* Scope.close(scope, Exit.void)
      yield* bus.publish("system:domain_tick", tick(1))
      assert.isTrue(Exit.hasInterrupts(yield* Effect.exit(PubSub.take(subscription))))
    }).pipe(Effect.provide(SystemPubSub.layer)))

  it.effect("numbers in the order of delivery also where publishers yield to each other", () =>
    Effect.gen(function*() {
      const bus = yield* fullBus
      const reader = yield* bus.subscribe("system:domain_tick")
      yield* Effect.forEach(
        Array.from({ length: 8 }, (_, i) => i + 20),
        (ops) =>
          Effect.repeat(bus.publish("system:domain_tick", tick(ops)), { times: 99 }).pipe(
            Effect.provideService(References.MaxOpsBeforeYield, ops)
          ),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        (yield* drain(reader)).map((m) => m.sequence),
        Array.from({ length: 800 }, (_, i) => i + 1)
      )
    }).pipe(Effect.provide(SystemPubSub.layer)))

  it.effect.prop(
    "to any reader, what it got plus the gaps is all that was published, in order",
    { steps: Arbitrary.array(int(-3, 5), { maxLength: 60 }), capacity: int(1, 8) },
    ({ capacity, steps }) =>
      Effect.gen(function*() {
        const bus = yield* fullBus
        const reader = yield* bus.subscribe("system:domain_tick")
        let published = 0
        let seen = 0
        for (const step of [...steps, -Infinity]) {
          if (step >= 0) {
            for (let n = 0; n < step; n++) yield* bus.publish("system:domain_tick", tick(++published))
            continue
          }
          const pending = Math.min(published - seen, capacity)
          const got = yield* PubSub.takeUpTo(reader, Math.min(-step, 1e9))
          assert.lengthOf(got, Math.min(pending, -step))
          for (const { payload, sequence } of got) {
            assert.strictEqual(payload.count, sequence)
            assert.isAbove(sequence, seen)
            seen = sequence
          }
          if (got.length > 0) assert.strictEqual(seen, published - pending + got.length)
        }
        assert.strictEqual(seen, published)
      }).pipe(Effect.scoped, Effect.provide(SystemPubSub.layerWith({ capacity })))
  )

  it("types what travels on each topic", () => {
    type Bus = SystemPubSub.SystemPubSub["Service"]
    const read = (bus: Bus) => ({
      tick: bus.stream("system:domain_tick"),
      event: bus.stream("system:domain_activated"),
      // @ts-expect-error an event does not travel on the topic of ticks
      wrongPayload: bus.publish("system:domain_tick", event(1)),
      // @ts-expect-error there is no such topic
      wrongTopic: bus.subscribe("system:domain_tock")
    })
    type Read = ReturnType<typeof read>
    expectTypeOf<Read["tick"]>().toEqualTypeOf<Stream.Stream<SystemPubSub.Envelope<Tick>>>()
    expectTypeOf<Read["event"]>().toEqualTypeOf<Stream.Stream<SystemPubSub.Envelope<DomainEvent>>>()
  })
})
