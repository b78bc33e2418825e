import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Heartbeat } from "../../src/heartbeat/Heartbeat.ts"
import { SystemPubSub } from "../../src/heartbeat/SystemPubSub.ts"
import * as TickGenerator from "../../src/heartbeat/TickGenerator.ts"
import type { Tick } from "../../src/model/Tick.ts"
import { int } from "../support/arbitraries.ts"
import { awaitState } from "../support/awaitState.ts"
import { ticking } from "../support/foundation.ts"
import * as LogLines from "../support/LogLines.ts"
import * as VirtualClock from "../support/VirtualClock.ts"

const generator = (options?: TickGenerator.TickGeneratorOptions) =>
  TickGenerator.layer(options).pipe(Layer.provideMerge(ticking), Layer.provideMerge(LogLines.layer))

const manual = (options?: TickGenerator.TickGeneratorOptions) =>
  TickGenerator.layerManual(options).pipe(Layer.provideMerge(ticking), Layer.provideMerge(LogLines.layer))

/** Subscribes before the heart beats, then gives what has come since one asked last. */
const listen = SystemPubSub.use((bus) => bus.subscribe("system:domain_tick")).pipe(
  Effect.map((ticks) =>
    Effect.suspend(() => PubSub.takeUpTo(ticks, Number.MAX_SAFE_INTEGER)).pipe(
      Effect.map((envelopes): ReadonlyArray<Tick> => envelopes.map(({ payload }) => payload))
    )
  )
)

const start = Heartbeat.use((heart) => heart.start)
const stats = TickGenerator.TickGenerator.use((heart) => heart.stats)

const millis = (tick: Tick) => ({
  count: tick.count,
  slot: tick.slot,
  at: DateTime.toEpochMillis(tick.timestamp),
  lateness: Duration.toMillis(tick.lateness)
})

describe("TickGenerator", () => {
  it.effect("sends five ticks in one jump of five seconds, none of them late", () =>
    Effect.gen(function*() {
      const heard = yield* listen
      yield* start
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(
        yield* heard,
        [1, 2, 3, 4, 5].map((n): Tick => ({
          count: n,
          slot: n,
          epoch: 1,
          timestamp: DateTime.makeUnsafe(n * 1_000),
          lateness: Duration.zero,
          interval: Duration.seconds(1),
          metadata: { activeDomains: 0 }
        }))
      )
    }).pipe(Effect.provide(generator())))

  it.effect("does not beat before it is started, sends the first tick after one interval, and says so", () =>
    Effect.gen(function*() {
      const heard = yield* listen
      const { texts } = yield* LogLines.LogLines
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* heard, [])
      yield* start
      yield* TestClock.adjust("249 millis")
      assert.deepStrictEqual(yield* heard, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual((yield* heard).map(millis), [{ count: 1, slot: 1, at: 60_250, lateness: 0 }])
      assert.deepStrictEqual(texts(), [
        "[DomainRegistry] Started and subscribed to system events",
        "[TickGenerator] Started with 250ms interval"
      ])
    }).pipe(Effect.provide(generator({ interval: "250 millis" }))))

  it.effect("sends the first tick at once when asked to, in slot 0, and the next one interval later", () =>
    Effect.gen(function*() {
      const heard = yield* listen
      yield* start
      assert.deepStrictEqual((yield* heard).map(millis), [{ count: 1, slot: 0, at: 0, lateness: 0 }])
      yield* TestClock.adjust("999 millis")
      assert.deepStrictEqual(yield* heard, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual((yield* heard).map(millis), [{ count: 2, slot: 1, at: 1_000, lateness: 0 }])
    }).pipe(Effect.provide(generator({ firstTick: "immediate" }))))

  it.effect("stops with the scope that it was started in", () =>
    Effect.gen(function*() {
      const heard = yield* listen
      const scope = yield* Scope.make()
      yield* Scope.provide(start, scope)
      yield* TestClock.adjust("2 seconds")
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(yield* heard, 2)
    }).pipe(Effect.provide(generator())))

  it.effect.each(
    [
      { interval: 0, told: "0" },
      { interval: "0.5 millis", told: "0.5 millis" },
      { interval: Duration.hours(25), told: "90000000 millis" },
      { interval: "Infinity", told: "Infinity" },
      { interval: -1_000, told: "-1000" },
      { interval: Number.NaN, told: "NaN" },
      { interval: "soon" as "1 second", told: "soon" }
    ] as const
  )("refuses an interval of $told", ({ interval, told }) =>
    Effect.gen(function*() {
      for (const layer of [generator({ interval }), manual({ interval })]) {
        const error = yield* Effect.flip(Layer.build(layer))
        assert.strictEqual(error._tag, "InvalidInterval")
        assert.strictEqual(
          error.message,
          `The interval between ticks is ${told}, it must be from 1 millisecond to 1 day`
        )
      }
    }))

  it.effect.each(["1 millis", "1 day", "1 second", "33.5 millis"] as const)(
    "takes an interval of %s",
    (interval) =>
      Effect.gen(function*() {
        assert.strictEqual((yield* stats).interval, Duration.toMillis(interval))
      }).pipe(Effect.provide(generator({ interval })))
  )

  it.effect("adds the app's metadata to each tick, asked for anew, but never over its own", () => {
    let asked = 0
    return Effect.gen(function*() {
      const heard = yield* listen
      yield* start
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual((yield* heard).map((tick) => tick.metadata), [
        { activeDomains: 0, zone: "b", asked: 1 },
        { activeDomains: 0, zone: "b", asked: 2 }
      ])
    }).pipe(Effect.provide(generator({ metadata: () => ({ zone: "b", asked: ++asked, activeDomains: 99 }) })))
  })

  it.effect("beats on when the app's metadata throws, and warns each time", () => {
    let asked = 0
    const metadata = () => {
      if (++asked !== 2) throw new Error("no zone")
      return { zone: "b" }
    }
    return Effect.gen(function*() {
      const heard = yield* listen
      const { lines } = yield* LogLines.LogLines
      yield* start
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual((yield* heard).map((tick) => tick.metadata), [
        { activeDomains: 0 },
        { activeDomains: 0, zone: "b" },
        { activeDomains: 0 }
      ])
      assert.deepStrictEqual(
        lines.filter((line) => line.level === "Warn").map((line) => line.text),
        Array.from({ length: 2 }, () => "[TickGenerator] The app's metadata threw Error: no zone")
      )
    }).pipe(Effect.provide(generator({ metadata })))
  })

  it.effect("knows nothing in its statistics before it beats", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* stats, {
        tickCount: 0,
        slot: 0,
        epoch: 1,
        interval: 1_000,
        uptime: 0,
        startedAt: null,
        lastTickAt: null,
        lateness: { p50: 0, p99: 0, max: 0 },
        skipped: 0
      })
    }).pipe(Effect.provide(generator())))

  it.effect("counts ticks, skipped beats and lateness in its statistics", () => {
    // Beats are due every 100 ms; the sleeps before them overrun by these.
    const clock = VirtualClock.make([0, 40, 10, 250, 0])
    return Effect.gen(function*() {
      const heard = yield* listen
      yield* start
      yield* awaitState("the overruns are used up", Effect.sync(clock.asleep))
      const t0 = 1_000_000
      assert.deepStrictEqual((yield* heard).map(millis), [
        { count: 1, slot: 1, at: t0 + 100, lateness: 0 },
        { count: 2, slot: 2, at: t0 + 240, lateness: 40 },
        { count: 3, slot: 3, at: t0 + 310, lateness: 10 },
        { count: 4, slot: 6, at: t0 + 650, lateness: 50 },
        { count: 5, slot: 7, at: t0 + 700, lateness: 0 }
      ])
      clock.pass(5)
      assert.deepStrictEqual(yield* stats, {
        tickCount: 5,
        slot: 7,
        epoch: 1,
        interval: 100,
        uptime: 705,
        startedAt: DateTime.makeUnsafe(t0),
        lastTickAt: DateTime.makeUnsafe(t0 + 700),
        lateness: { p50: 10, p99: 50, max: 50 },
        skipped: 2
      })
    }).pipe(Effect.provide(generator({ interval: 100 })), clock.provide)
  })

  it.effect("knows lateness over the last 1,024 ticks only", () => {
    const clock = VirtualClock.make([90, ...Array.from({ length: 1_024 }, (_, i) => i % 2)])
    return Effect.gen(function*() {
      yield* start
      yield* awaitState("the overruns are used up", Effect.sync(clock.asleep))
      const { lateness, tickCount } = yield* stats
      assert.strictEqual(tickCount, 1_025)
      assert.deepStrictEqual(lateness, { p50: 0, p99: 1, max: 1 })
    }).pipe(Effect.provide(generator({ interval: 100 })), clock.provide)
  })

  it.effect("sends ticks by hand only, each in the next slot, when told so", () =>
    Effect.gen(function*() {
      const heard = yield* listen
      const heart = yield* TickGenerator.TickGenerator
      yield* start
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* heard, [])
      const sent = [yield* heart.emit, yield* heart.emit]
      assert.deepStrictEqual(yield* heard, sent)
      assert.deepStrictEqual(sent.map(millis), [
        { count: 1, slot: 1, at: 60_000, lateness: 0 },
        { count: 2, slot: 2, at: 60_000, lateness: 0 }
      ])
      assert.deepInclude(yield* stats, { tickCount: 2, slot: 2, skipped: 0, uptime: 60_000 })
    }).pipe(Effect.provide(manual())))

  it.effect("counts in the order of sending also where those who send yield to each other", () =>
    Effect.gen(function*() {
      const heard = yield* listen
      const { emit } = yield* TickGenerator.TickGenerator
      yield* Effect.forEach(
        Array.from({ length: 8 }, (_, i) => i + 20),
        (ops) => Effect.repeat(emit, { times: 49 }).pipe(Effect.provideService(References.MaxOpsBeforeYield, ops)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual((yield* heard).map((tick) => tick.count), Array.from({ length: 400 }, (_, i) => i + 1))
    }).pipe(Effect.provide(manual())))

  it.effect("sends a tick out of turn between two beats, with the next count", () =>
    Effect.gen(function*() {
      const heard = yield* listen
      yield* start
      yield* TestClock.adjust("1500 millis")
      yield* TickGenerator.TickGenerator.use((heart) => heart.emit)
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual((yield* heard).map(({ count, slot }) => [count, slot]), [[1, 1], [2, 1], [3, 2]])
    }).pipe(Effect.provide(generator())))

  it.effect.prop(
    "never drifts: whatever delays it, each tick is sent in its own slot, at most one in each, and the rest is skipped",
    {
      interval: int(1, 500),
      unit: int(1, 8),
      firstTick: Arbitrary.map(int(0, 1), (n) => n === 0 ? "immediate" as const : "interval" as const),
      overruns: Arbitrary.array(int(0, 3_000), { maxLength: 60 }),
      stalls: Arbitrary.array(int(0, 2_000), { maxLength: 60 }),
      calm: int(1, 10)
    },
    ({ calm, firstTick, interval: whole, overruns, stalls, unit }) => {
      // Down to nanoseconds, as durations hold them; most delays are small, some skip many beats.
      const interval = Math.max(1, Math.round(1e6 * whole / unit ** 2) / 1e6)
      const small = (n: number) => (n % calm === 0 ? n : n % Math.ceil(interval)) / 8
      const clock = VirtualClock.make(overruns.map(small))
      const sentAt: Array<number> = []
      const metadata = () => {
        sentAt.push(clock.now())
        clock.pass(small(stalls[sentAt.length - 1] ?? 0))
        return {}
      }
      return Effect.gen(function*() {
        const heard = yield* listen
        const origin = clock.now()
        yield* start
        yield* awaitState("the overruns are used up", Effect.sync(clock.asleep))
        const ticks = yield* heard
        assert.isAtLeast(ticks.length, firstTick === "immediate" ? 1 : 0)
        assert.lengthOf(sentAt, ticks.length)
        let before = firstTick === "immediate" ? -1 : 0
        const first = before + 1
        for (const [index, tick] of ticks.entries()) {
          const at = sentAt[index]! - origin
          assert.strictEqual(tick.count, index + 1)
          assert.isAbove(tick.slot, before)
          assert.isAtMost(tick.slot * interval, at + 1e-5)
          assert.isBelow(at, (tick.slot + 1) * interval + 1e-5)
          assert.approximately(Duration.toMillis(tick.lateness), at - tick.slot * interval, 1e-5)
          before = tick.slot
        }
        const { lateness, skipped, slot, tickCount } = yield* stats
        assert.strictEqual(tickCount, ticks.length)
        if (ticks.length === 0) return
        assert.strictEqual(slot, before)
        assert.strictEqual(skipped, before - first + 1 - ticks.length)
        const latest = Math.max(...ticks.map((tick) => Duration.toMillis(tick.lateness)))
        assert.approximately(lateness.max, latest, 1e-5)
        assert.isAtMost(lateness.p50, lateness.p99)
        assert.isAtMost(lateness.p99, lateness.max)
      }).pipe(Effect.provide(generator({ interval, firstTick, metadata })), clock.provide)
    }
  )
})
