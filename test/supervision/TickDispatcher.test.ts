import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import type { Tick } from "../../src/model/Tick.ts"
import * as Generation from "../../src/supervision/Generation.ts"
import { DomainSilent, layer, TickDispatcher, type TickHandled } from "../../src/supervision/TickDispatcher.ts"
import { TickReceivers } from "../../src/supervision/TickReceiver.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import * as app from "../support/app.ts"
import { int } from "../support/arbitraries.ts"
import { awaitState, settle } from "../support/awaitState.ts"
import { tick } from "../support/values.ts"

/** A receiver of a domain that is active, what was handled by it, and the failures that it reported. */
const receiver = Effect.fnUntraced(function*(
  onTick: (tick: Tick) => Effect.Effect<unknown, unknown>,
  options?: { readonly maxMissedTicks?: number }
) {
  const dispatcher = yield* TickDispatcher
  const handled: Array<TickHandled> = []
  const failures: Array<Generation.Failure> = []
  yield* Effect.forkChild(Stream.runForEach(dispatcher.handled, (one) => Effect.sync(() => handled.push(one))))
  yield* settle
  const span = yield* Effect.makeSpan("Domain.activate")
  const generation = new Generation.Generation({
    domain: Domain.make("one", { layer: Layer.empty, onTick, ...options }),
    number: 3,
    opening: { tick: tick(1), wave: 0 },
    span,
    environment: Context.omit()(yield* Effect.context<never>()),
    fork: Effect.runForkWith(yield* Effect.context<never>()),
    onFailure: (failure) => failures.push(failure),
    onUnclaimed: ({ cause }) => failures.push({ cause, metadata: {} })
  })
  yield* generation.build
  generation.start()
  const { deliver, health, stop } = (yield* TickReceivers).attach(generation)
  return { deliver, health, stop, handled, failures, close: generation.close(undefined, "shutdown", Exit.void, span) }
})

const seconds = (ticks: ReadonlyArray<TickHandled>) =>
  ticks.map(({ coalesced, duration, tick }) => ({ tick, coalesced, seconds: Duration.toSeconds(duration) }))

describe("TickDispatcher", () => {
  it.effect("hands each tick over and tells of it, with how long it took", () =>
    Effect.gen(function*() {
      const seen: Array<number> = []
      const { deliver, handled } = yield* receiver((tick) =>
        Effect.andThen(Effect.sync(() => seen.push(tick.count)), Effect.sleep(tick.count === 2 ? "250 millis" : 0))
      )
      for (const n of [1, 2, 3]) {
        deliver(tick(n))
        yield* TestClock.adjust("1 second")
      }
      yield* settle
      assert.deepStrictEqual(seen, [1, 2, 3])
      assert.deepStrictEqual(handled, [
        { domain: "one", generation: 3, tick: 1, duration: Duration.nanos(0n), coalesced: 0 },
        { domain: "one", generation: 3, tick: 2, duration: Duration.nanos(250_000_000n), coalesced: 0 },
        { domain: "one", generation: 3, tick: 3, duration: Duration.nanos(0n), coalesced: 0 }
      ])
    }).pipe(Effect.provide(layer)))

  it.effect("hands an application's domains the ticks after the one that activated them, until they leave", () => {
    const seen: Array<string> = []
    const note = (name: string) => (tick: Tick) => Effect.sync(() => seen.push(`${name} ${tick.count}`))
    const one = Domain.make("one", { layer: Layer.empty, onTick: note("one") })
    const late = Domain.make("late", { layer: Layer.empty, onTick: note("late"), activationTick: 3 })
    return Effect.gen(function*() {
      const dispatcher = yield* TickDispatcher
      const handled: Array<string> = []
      yield* Effect.forkChild(
        Stream.runForEach(dispatcher.handled, (tick) => Effect.sync(() => handled.push(`${tick.domain} ${tick.tick}`)))
      )
      yield* settle
      for (let n = 1; n <= 4; n++) yield* app.tick
      yield* DomainControl.use((control) => control.deactivate("one"))
      yield* app.awaitStates({ one: "inactive", late: "active" })
      yield* app.tick
      assert.deepStrictEqual(seen, ["one 2", "one 3", "one 4", "late 4", "late 5"])
      assert.deepStrictEqual(handled, seen)
    }).pipe(Effect.provide(Thunderline.layerTest({ domains: [one, late] })))
  })

  it.effect("calls a busy domain no second time, and hands it the newest when it is done; the rest is counted", () =>
    Effect.gen(function*() {
      const calls: Array<string> = []
      const { deliver, handled } = yield* receiver((tick) =>
        Effect.acquireUseRelease(
          Effect.sync(() => calls.push(`begin ${tick.count}`)),
          () => Effect.sleep("10 seconds"),
          () => Effect.sync(() => calls.push(`end ${tick.count}`))
        ), { maxMissedTicks: 100 })
      deliver(tick(1))
      for (const n of [2, 3, 4, 5]) deliver(tick(n))
      yield* TestClock.adjust("10 seconds")
      deliver(tick(6))
      yield* TestClock.adjust("10 seconds")
      yield* TestClock.adjust("10 seconds")
      yield* TestClock.adjust("10 seconds")
      deliver(tick(7))
      yield* TestClock.adjust("10 seconds")
      yield* settle
      assert.deepStrictEqual(calls, ["begin 1", "end 1", "begin 5", "end 5", "begin 6", "end 6", "begin 7", "end 7"])
      assert.deepStrictEqual(seconds(handled), [
        { tick: 1, coalesced: 0, seconds: 10 },
        { tick: 5, coalesced: 3, seconds: 10 },
        { tick: 6, coalesced: 0, seconds: 10 },
        { tick: 7, coalesced: 0, seconds: 10 }
      ])
    }).pipe(Effect.provide(layer)))

  it.effect("is healthy, then suspect with one tick unanswered, then silent; an answer makes it healthy again", () =>
    Effect.gen(function*() {
      const latch = yield* Latch.make()
      const { deliver, failures, health } = yield* receiver(() => latch.await, { maxMissedTicks: 3 })
      const told: Array<string> = [health()]
      for (const n of [1, 2, 3]) {
        deliver(tick(n))
        told.push(health())
      }
      assert.deepStrictEqual(told, ["healthy", "healthy", "suspect", "suspect"])
      assert.deepStrictEqual(failures, [])
      deliver(tick(4))
      assert.strictEqual(health(), "silent")
      assert.lengthOf(failures, 1)
      const [{ cause, metadata }] = failures as [Generation.Failure]
      const [reason] = cause.reasons
      assert.isTrue(reason?._tag === "Fail" && reason.error instanceof DomainSilent)
      assert.include(
        String(reason?._tag === "Fail" ? reason.error : ""),
        "Domain one has not answered tick 1, nor the 2 after it"
      )
      assert.deepStrictEqual(metadata, { tick: 4 })
      deliver(tick(5))
      assert.lengthOf(failures, 1, "it is told once")
      yield* latch.open
      yield* awaitState("it answered", Effect.sync(() => health() === "healthy"))
    }).pipe(Effect.provide(layer)))

  it.effect("passes no verdict while the heartbeat itself is late by more than half an interval", () =>
    Effect.gen(function*() {
      const { deliver, failures, health } = yield* receiver(() => Effect.never, { maxMissedTicks: 2 })
      deliver(tick(1))
      for (let n = 2; n < 20; n++) deliver(tick(n, { lateness: Duration.millis(501) }))
      assert.strictEqual(health(), "healthy")
      deliver(tick(20, { lateness: Duration.millis(500) }))
      assert.strictEqual(health(), "suspect")
      deliver(tick(21, { lateness: Duration.millis(999) }))
      assert.strictEqual(health(), "suspect")
      deliver(tick(22))
      assert.strictEqual(health(), "silent")
      assert.lengthOf(failures, 1)
    }).pipe(Effect.provide(layer)))

  it.effect("reports the failure of a call with its tick, forgets what waited, and takes no more of it", () =>
    Effect.gen(function*() {
      const latch = yield* Latch.make()
      const seen: Array<number> = []
      const { deliver, failures, handled } = yield* receiver((tick) =>
        Effect.suspend(() => {
          seen.push(tick.count)
          return Effect.andThen(latch.await, Effect.fail("no lanes"))
        })
      )
      deliver(tick(4))
      deliver(tick(5))
      yield* latch.open
      yield* awaitState("it failed", Effect.sync(() => failures.length > 0))
      yield* settle
      assert.deepStrictEqual(seen, [4])
      assert.deepStrictEqual(handled, [])
      assert.lengthOf(failures, 1)
      assert.deepStrictEqual(failures[0]!.metadata, { tick: 4 })
    }).pipe(Effect.provide(layer)))

  it.effect("reports a defect of a call also when the function itself throws", () =>
    Effect.gen(function*() {
      const { deliver, failures } = yield* receiver(() => {
        throw new Error("thrown")
      })
      deliver(tick(1))
      yield* awaitState("it failed", Effect.sync(() => failures.length > 0))
      assert.deepStrictEqual(failures.map(({ cause }) => cause.reasons.map((reason) => reason._tag)), [["Die"]])
    }).pipe(Effect.provide(layer)))

  it.effect("takes an interruption that the generation's end did not cause for a failure", () =>
    Effect.gen(function*() {
      const { deliver, failures } = yield* receiver(() => Effect.interrupt)
      deliver(tick(1))
      yield* settle
      assert.deepStrictEqual(failures.map(({ metadata }) => metadata), [{ tick: 1 }])
      assert.isTrue(Cause.hasInterruptsOnly(failures[0]!.cause))
    }).pipe(Effect.provide(layer)))

  it.effect("closes the scope of each call with the call", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const { deliver } = yield* receiver((tick) =>
        Effect.acquireRelease(
          Effect.sync(() => log.push(`open ${tick.count}`)),
          () => Effect.sync(() => log.push(`close ${tick.count}`))
        ) as Effect.Effect<unknown>
      )
      for (const n of [1, 2]) {
        deliver(tick(n))
        yield* settle
      }
      assert.deepStrictEqual(log, ["open 1", "close 1", "open 2", "close 2"])
    }).pipe(Effect.provide(layer)))

  it.effect("takes nothing more from a call once it is stopped", () =>
    Effect.gen(function*() {
      const latch = yield* Latch.make()
      const seen: Array<number> = []
      const { deliver, handled, stop } = yield* receiver((tick) =>
        Effect.andThen(Effect.sync(() => seen.push(tick.count)), latch.await)
      )
      deliver(tick(1))
      deliver(tick(2))
      stop()
      yield* latch.open
      yield* settle
      assert.deepStrictEqual(seen, [1])
      assert.deepStrictEqual(handled, [])
    }).pipe(Effect.provide(layer)))

  it.effect("lets a generation's end interrupt the call under way and wait for it", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const { close, deliver, failures } = yield* receiver(() =>
        Effect.onInterrupt(Effect.never, () => Effect.andThen(Effect.yieldNow, Effect.sync(() => log.push("ended"))))
      )
      deliver(tick(1))
      yield* settle
      yield* close
      assert.deepStrictEqual(log, ["ended"])
      assert.deepStrictEqual(failures, [])
    }).pipe(Effect.provide(layer)))

  it.effect.prop(
    "whatever the ticks and the calls take: one at a time, newest first, none lost uncounted, silence told exactly once",
    {
      steps: Arbitrary.array(Arbitrary.all({ gap: int(0, 4), work: int(0, 12) }), { minLength: 1, maxLength: 40 }),
      maxMissedTicks: int(1, 5)
    },
    ({ maxMissedTicks, steps }) =>
      Effect.gen(function*() {
        let busy = 0
        const begun: Array<number> = []
        const { deliver, failures, handled, health } = yield* receiver((tick) =>
          Effect.gen(function*() {
            assert.strictEqual(++busy, 1)
            begun.push(tick.count)
            yield* Effect.sleep(steps[tick.count - 1]!.work)
            busy--
          }), { maxMissedTicks })
        let unanswered = 0
        let silences = 0
        let answered = 0
        for (const [index, { gap }] of steps.entries()) {
          if (busy > 0 && ++unanswered === maxMissedTicks) silences++
          deliver(tick(index + 1))
          assert.strictEqual(health() === "healthy", unanswered === 0)
          assert.strictEqual(health() === "silent", unanswered >= maxMissedTicks)
          for (let ms = 0; ms < gap; ms++) {
            yield* TestClock.adjust(1)
            yield* settle
            if (handled.length > answered) unanswered = 0
            answered = handled.length
          }
          yield* settle
          if (handled.length > answered) unanswered = 0
          answered = handled.length
        }
        yield* TestClock.adjust("1 second")
        yield* settle
        assert.deepStrictEqual(handled.map((one) => one.tick), begun)
        assert.deepStrictEqual(begun, begun.toSorted((a, b) => a - b))
        assert.strictEqual(begun.at(-1), steps.length)
        const coalesced = handled.reduce((sum, one) => sum + one.coalesced, 0)
        assert.strictEqual(begun.length + coalesced, steps.length)
        assert.deepStrictEqual(
          handled.map((one) => Duration.toMillis(one.duration)),
          begun.map((count) => steps[count - 1]!.work)
        )
        assert.lengthOf(failures, silences)
      }).pipe(Effect.scoped, Effect.provide(layer)),
    { arbitrary: { runs: 50 } }
  )
})
