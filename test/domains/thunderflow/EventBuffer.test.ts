import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as EventBuffer from "../../../src/domains/thunderflow/EventBuffer.ts"
import * as SystemPubSub from "../../../src/heartbeat/SystemPubSub.ts"
import type { DomainEvent } from "../../../src/model/DomainEvent.ts"
import { makeBus } from "../../support/bus.ts"

const event = (n: number): EventBuffer.SystemEvent => ({ type: "test", source: "test", data: n })

const transition = (tick: number): DomainEvent => ({
  id: `id-${tick}`,
  runId: "run",
  node: "node",
  domain: "alpha",
  generation: 1,
  epoch: 1,
  tick,
  wave: 0,
  from: "activating",
  to: "active",
  reason: "activated",
  cause: null,
  durationMs: 1.5,
  metadata: {},
  traceId: null,
  spanId: null,
  occurredAt: DateTime.makeUnsafe(0)
})

/** Takes one event after every `pace` offers, and at the end all that are left. */
const slowReader = Effect.fnUntraced(function*(
  buffer: EventBuffer.EventBuffer["Service"],
  count: number,
  pace: number
) {
  const reader = yield* buffer.reader
  const seen: Array<EventBuffer.BufferedEvent> = []
  for (let n = 1; n <= count; n++) {
    yield* buffer.offer(event(n))
    if (n % pace === 0) seen.push(...yield* reader.takeUpTo(1))
  }
  seen.push(...yield* reader.takeUpTo(count))
  return { seen, missed: yield* reader.missed }
})

const gapsBetween = (seen: ReadonlyArray<EventBuffer.BufferedEvent>) =>
  seen.reduce((gaps, { sequence }, i) => gaps + sequence - (i === 0 ? 0 : seen[i - 1]!.sequence) - 1, 0)

const inOrder = (seen: ReadonlyArray<EventBuffer.BufferedEvent>) =>
  seen.every(({ data, sequence }, i) => data === sequence && (i === 0 || seen[i - 1]!.sequence < sequence))

describe("EventBuffer", () => {
  it.effect("gives a slow reader the newest of 10,000 events in order and counts every one that slid away", () =>
    Effect.gen(function*() {
      const buffer = yield* EventBuffer.make({ capacity: 100, backPressure: "sliding" })
      const { missed, seen } = yield* slowReader(buffer, 10_000, 7)
      assert.isTrue(inOrder(seen))
      assert.isAbove(missed, 8000)
      assert.strictEqual(seen.length + missed, 10_000)
      assert.strictEqual(gapsBetween(seen), missed)
      assert.strictEqual(seen.at(-1)!.sequence, 10_000)
      assert.strictEqual((yield* buffer.stats).refused, 0)
    }))

  it.effect("refuses what 10,000 events to a slow reader leave no room for, and counts every one", () =>
    Effect.gen(function*() {
      const buffer = yield* EventBuffer.make({ capacity: 100, backPressure: "dropping" })
      const { missed, seen } = yield* slowReader(buffer, 10_000, 7)
      const { offered, refused } = yield* buffer.stats
      assert.isTrue(inOrder(seen))
      assert.isAbove(refused, 8000)
      assert.strictEqual(offered, 10_000)
      assert.strictEqual(seen.length + refused, offered)
      assert.strictEqual(missed + offered - seen.at(-1)!.sequence, refused)
      assert.strictEqual(seen[0]!.sequence, 1)
    }))

  it.effect("lets 10,000 events from several sources wait for a slow reader and loses none", () =>
    Effect.gen(function*() {
      const buffer = yield* EventBuffer.make({ capacity: 16, backPressure: "suspend" })
      const reader = yield* buffer.reader
      const offers = yield* Effect.forEach(
        Array.from({ length: 10 }),
        () => Effect.forEach(Array.from({ length: 1000 }, (_, n) => event(n)), buffer.offer),
        { concurrency: "unbounded" }
      ).pipe(Effect.forkChild)
      let last = 0
      for (let n = 0; n < 10_000; n++) {
        const { sequence } = yield* reader.take
        assert.strictEqual(sequence, ++last)
      }
      yield* Fiber.join(offers)
      assert.strictEqual(yield* reader.missed, 0)
      assert.deepInclude(yield* buffer.stats, { offered: 10_000, refused: 0 })
    }))

  it.effect("keeps the order of the numbers when offers are made to yield halfway", () =>
    Effect.gen(function*() {
      const buffer = yield* EventBuffer.make()
      const reader = yield* buffer.reader
      yield* Effect.forEach(
        Array.from({ length: 20 }),
        (_, source) =>
          Effect.repeat(buffer.offer(event(source)), { times: 19 }).pipe(
            Effect.provideService(Scheduler.MaxOpsBeforeYield, 5 + source % 7)
          ),
        { concurrency: "unbounded" }
      )
      const seen = yield* reader.takeUpTo(400)
      assert.deepStrictEqual(seen.map(({ sequence }) => sequence), Array.from({ length: 400 }, (_, n) => n + 1))
    }))

  it.effect("shows the number of an offer that was interrupted while it waited as missing", () =>
    Effect.gen(function*() {
      const buffer = yield* EventBuffer.make({ capacity: 1, backPressure: "suspend" })
      const reader = yield* buffer.reader
      yield* buffer.offer(event(1))
      const waiting = yield* Effect.forkChild(buffer.offer(event(2)), { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      assert.strictEqual((yield* reader.take).sequence, 1)
      yield* buffer.offer(event(3))
      assert.strictEqual((yield* reader.take).sequence, 3)
      assert.strictEqual(yield* reader.missed, 1)
    }))

  it.effect.prop(
    "accounts for every event, whatever the capacity, the pace and the policy",
    {
      capacity: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 })),
      pace: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 })),
      count: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 400 })),
      backPressure: Schema.Literals(["dropping", "sliding"])
    },
    ({ backPressure, capacity, count, pace }) =>
      Effect.scoped(Effect.gen(function*() {
        const buffer = yield* EventBuffer.make({ capacity, backPressure })
        const { missed, seen } = yield* slowReader(buffer, count, pace)
        const { offered, refused } = yield* buffer.stats
        const recent = yield* buffer.recent
        const unseen = backPressure === "sliding" ? missed : refused
        assert.isTrue(inOrder(seen))
        assert.strictEqual(seen.length + unseen, offered)
        assert.isTrue(inOrder(recent))
        assert.strictEqual(recent.length, Math.min(capacity, offered - refused))
      }))
  )

  it.effect("drops nothing and keeps the newest at hand while nobody reads", () =>
    Effect.gen(function*() {
      const buffer = yield* EventBuffer.make({ capacity: 3, backPressure: "dropping" })
      yield* Effect.forEach([1, 2, 3, 4, 5], (n) => buffer.offer(event(n)))
      assert.deepStrictEqual((yield* buffer.recent).map(({ data }) => data), [3, 4, 5])
      assert.deepInclude(yield* buffer.stats, { offered: 5, refused: 0 })
    }))

  it.effect("is fed with every transition on the bus, and told where the bus had to drop some", () =>
    Effect.gen(function*() {
      const bus = yield* makeBus({ capacity: 2 })
      const buffer = yield* EventBuffer.make({ capacity: 1, backPressure: "suspend" })
      yield* EventBuffer.feed.pipe(
        Effect.provideService(SystemPubSub.SystemPubSub, bus),
        Effect.provideService(EventBuffer.EventBuffer, buffer),
        Effect.forkScoped({ startImmediately: true })
      )
      const reader = yield* buffer.reader
      yield* bus.publish("system:domain_event", transition(1))
      const first = yield* reader.take
      assert.deepInclude(first, { type: "domain.active", source: "alpha", sequence: 1 })
      assert.deepInclude(first.data, { tick: 1, occurredAt: "1970-01-01T00:00:00.000Z" })
      for (let tick = 2; tick <= 9; tick++) yield* bus.publish("system:domain_event", transition(tick))
      const types: Array<string> = []
      let missed = 0
      while (types.length + missed < 8) {
        const { data, type } = yield* reader.take
        if (type === "bus.gap") missed += (data as { readonly missed: number }).missed
        else types.push(type)
      }
      assert.isAbove(missed, 0)
    }))

  it.effect("streams to several readers, each at its own pace", () =>
    Effect.gen(function*() {
      const buffer = yield* EventBuffer.make()
      const collect = Effect.forkChild(
        Stream.runCollect(Stream.take(buffer.stream, 3)),
        { startImmediately: true }
      )
      const readers = [yield* collect, yield* collect]
      yield* Effect.forEach([1, 2, 3], (n) => buffer.offer(event(n)))
      const seen = yield* Effect.forEach(readers, Fiber.join)
      assert.deepStrictEqual(seen.map((events) => events.map(({ data }) => data)), [[1, 2, 3], [1, 2, 3]])
    }))
})
