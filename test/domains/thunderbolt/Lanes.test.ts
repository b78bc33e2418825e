import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Lanes from "../../../src/domains/thunderbolt/Lanes.ts"
import * as EventBuffer from "../../../src/domains/thunderflow/EventBuffer.ts"

const withLanes = (lanes: Readonly<Record<string, Lanes.LaneOptions>>) =>
  Lanes.layerWith(lanes).pipe(Layer.provideMerge(EventBuffer.layerWith({ capacity: 4096 })))

const drain = Effect.forkScoped(Lanes.drain, { startImmediately: true })

/** Counts what runs at once, in each lane and in all. */
const makeGauge = () => {
  const now = new Map<string, number>()
  const peak = new Map<string, number>()
  const move = (key: string, by: number) => {
    now.set(key, (now.get(key) ?? 0) + by)
    peak.set(key, Math.max(peak.get(key) ?? 0, now.get(key)!))
  }
  const within = (lane: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => [lane, "all"].forEach((key) => move(key, 1))),
      () => effect,
      () => Effect.sync(() => [lane, "all"].forEach((key) => move(key, -1)))
    )
  return { peak, within }
}

const limits = { a: 1, b: 2, c: 3, d: 4 }
const fourLanes: Readonly<Record<string, Lanes.LaneOptions>> = Object.fromEntries(
  Object.entries(limits).map(([name, concurrency]) => [name, {
    concurrency,
    deadline: Duration.seconds(1),
    retry: Schedule.recurs(2)
  }])
)

describe("Lanes", () => {
  it.effect("runs 1,000 jobs over 4 lanes within their limits, cuts and retries hanging ones, and loses none", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.Lanes
      const buffer = yield* EventBuffer.EventBuffer
      const { peak, within } = makeGauge()
      const names = Object.keys(limits)
      const attempts: Array<number> = Array.from({ length: 1000 }, () => 0)
      const jobs = yield* Effect.forEach(attempts, (_, n) => {
        const lane = names[n % names.length]!
        const work = Effect.suspend(() => {
          const hangs = ++attempts[n]! === 1 && n % 50 === 0
          return hangs ? Effect.never : Effect.as(Effect.sleep(10 + n % 7), n)
        })
        return lanes.submit(lane, `job-${n}`, within(lane)(work))
      })
      yield* drain
      yield* TestClock.adjust("1 minute")
      const results = yield* Effect.forEach(jobs, (job) => job.await)
      assert.deepStrictEqual(results, Array.from({ length: 1000 }, (_, n) => n))
      assert.deepStrictEqual(Object.fromEntries(peak), { ...limits, all: 10 })
      assert.deepStrictEqual(attempts, Array.from({ length: 1000 }, (_, n) => n % 50 === 0 ? 2 : 1))
      const events = (yield* buffer.recent).map(({ data }) => data as { readonly [key: string]: unknown })
      assert.strictEqual(new Set(events.map(({ job }) => job)).size, 1000)
      assert.isTrue(events.every(({ outcome }) => outcome === "succeeded"))
      assert.isTrue(events.every(({ attempts, durationMs }) => (attempts === 2) === (Number(durationMs) >= 1000)))
    }).pipe(Effect.provide(withLanes(fourLanes))))

  it.effect("tells the submitter with a typed error that its job was cut at the deadline once too often", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.Lanes
      yield* drain
      const job = yield* lanes.submit("a", "hangs", Effect.never)
      const error = yield* Effect.forkChild(Effect.flip(job.await))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(error))._tag, "JobTimedOut")
      assert.strictEqual((yield* lanes.stats)[0]!.completed["timed-out"], 1)
    }).pipe(Effect.provide(withLanes(fourLanes))))

  it.effect("gives a failure back as it is after the last retry, and does not retry a defect", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.Lanes
      yield* drain
      let failures = 0
      let defects = 0
      const failing = yield* lanes.submit("a", "fails", Effect.suspend(() => Effect.fail(++failures)))
      const dying = yield* lanes.submit("a", "dies", Effect.suspend(() => Effect.die(++defects)))
      assert.deepStrictEqual(yield* Effect.exit(failing.await), Exit.fail(3))
      assert.deepStrictEqual(yield* Effect.exit(dying.await), Exit.die(1))
    }).pipe(Effect.provide(withLanes(fourLanes))))

  it.effect("refuses a job for a full lane, or lets its submitter wait, as the lane is set", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.Lanes
      yield* Effect.forEach(["strict", "patient"], (lane) => lanes.submit(lane, "first", Effect.void))
      const error = yield* Effect.flip(lanes.submit("strict", "second", Effect.void))
      assert.strictEqual(error.message, "Lane strict has 1 jobs queued: second is refused")
      const waiting = yield* Effect.forkChild(lanes.submit("patient", "second", Effect.succeed("done")), {
        startImmediately: true
      })
      assert.isUndefined(waiting.pollUnsafe())
      yield* drain
      const job = yield* Fiber.join(waiting)
      assert.strictEqual(yield* job.await, "done")
    }).pipe(
      Effect.provide(withLanes({ strict: { capacity: 1 }, patient: { capacity: 1, whenFull: "suspend" } }))
    ))

  it.effect("knows its lanes", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.Lanes
      const error = yield* Effect.flip(lanes.submit("fast", "job", Effect.void))
      assert.strictEqual(error.message, `There is no lane "fast"; there are: a, b, c, d`)
    }).pipe(Effect.provide(withLanes(fourLanes))))

  it.effect("runs a job with the services of its submitter", () =>
    Effect.gen(function*() {
      const Answer = Context.Service<number>("Answer")
      const lanes = yield* Lanes.Lanes
      yield* drain
      const job = yield* Effect.provideService(lanes.submit("a", "answer", Answer), Answer, 42)
      assert.strictEqual(yield* job.await, 42)
    }).pipe(Effect.provide(withLanes(fourLanes))))

  it.effect("tells everyone whose job is queued, running or waits for room when the domain goes down", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(
        withLanes({ only: { concurrency: 1, capacity: 1, whenFull: "suspend" } }),
        scope
      )
      const lanes = Context.get(context, Lanes.Lanes)
      const started = yield* Deferred.make<void>()
      const drain = yield* Effect.forkChild(lanes.drain, { startImmediately: true })
      let released = false
      const hang = Effect.andThen(Deferred.succeed(started, undefined), Effect.never).pipe(
        Effect.onInterrupt(() => Effect.sync(() => released = true))
      )
      const running = yield* lanes.submit("only", "running", hang)
      yield* Deferred.await(started)
      const queued = yield* lanes.submit("only", "queued", Effect.void)
      const submitting = yield* Effect.forkChild(Effect.flip(lanes.submit("only", "submitting", Effect.void)), {
        startImmediately: true
      })
      yield* Fiber.interrupt(drain)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(released)
      assert.deepInclude(yield* Effect.flip(running.await), { _tag: "JobInterrupted", stage: "running" })
      assert.deepInclude(yield* Effect.flip(queued.await), { _tag: "JobInterrupted", stage: "queued" })
      assert.deepInclude(yield* Fiber.join(submitting), { _tag: "JobInterrupted", stage: "submitting" })
      const late = yield* Effect.flip(lanes.submit("only", "late", Effect.void))
      assert.deepInclude(late, { _tag: "JobInterrupted", stage: "submitting" })
    }))

  it.effect("lends idle places to a loaded lane and takes them back, never running more jobs than places", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.Lanes
      const { peak, within } = makeGauge()
      yield* drain
      const submit = (lane: string, count: number) =>
        Effect.forEach(
          Array.from({ length: count }),
          () => lanes.submit(lane, "job", within(lane)(Effect.sleep("900 millis")))
        )
      const running = (lane: number, count: number) =>
        Effect.repeat(Effect.andThen(Effect.yieldNow, lanes.stats), {
          until: (stats) => stats[lane]!.running === count
        })
      const limitsNow = Effect.map(lanes.stats, (stats) => stats.map(({ limit }) => limit))
      yield* submit("d", 60)
      yield* lanes.rebalance(1)
      assert.deepStrictEqual(yield* limitsNow, [1, 1, 1, 7])
      yield* running(3, 7)
      yield* Effect.forEach(["a", "b", "c"], (lane) => submit(lane, 30))
      yield* lanes.rebalance(2)
      assert.deepStrictEqual(yield* limitsNow, [1, 2, 3, 4])
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual([peak.get("d"), peak.get("all")], [7, 10])
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(peak.get("all"), 10)
      yield* submit("b", 1)
      yield* lanes.rebalance(3)
      assert.deepStrictEqual(yield* limitsNow, [1, 2, 3, 4])
      const buffer = yield* EventBuffer.EventBuffer
      const moves = (yield* buffer.recent).filter(({ type }) => type === "lanes.rebalanced")
      assert.deepStrictEqual(moves.map(({ data }) => data), [
        { tick: 1, limits: { b: 1, c: 1, d: 7 } },
        { tick: 2, limits: { b: 2, c: 3, d: 4 } }
      ])
    }).pipe(Effect.provide(withLanes(fourLanes))))

  it.effect.prop(
    "finishes every job within the limits, whatever the lanes, the load and the rebalancing",
    {
      places: Schema.NonEmptyArray(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 4 }))),
      work: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99 })))
    },
    ({ places, work }) =>
      Effect.gen(function*() {
        const lanes = yield* Lanes.Lanes
        const { peak, within } = makeGauge()
        yield* drain
        const jobs = yield* Effect.forEach(work, (n) => {
          const lane = `lane-${n % places.length}`
          return lanes.submit(lane, `${n}`, within(lane)(Effect.as(Effect.sleep(n * 20), n)))
        })
        for (let tick = 1; tick <= 20; tick++) {
          yield* lanes.rebalance(tick)
          yield* TestClock.adjust("10 seconds")
        }
        assert.deepStrictEqual(yield* Effect.forEach(jobs, (job) => job.await), work)
        assert.isAtMost(peak.get("all") ?? 0, places.reduce((a, b) => a + b, 0))
        for (const { limit, queued, running } of yield* lanes.stats) {
          assert.deepStrictEqual({ queued, running }, { queued: 0, running: 0 })
          assert.isAtLeast(limit, 1)
        }
      }).pipe(
        Effect.provide(withLanes(Object.fromEntries(places.map((concurrency, i) => [`lane-${i}`, { concurrency }])))),
        Effect.scoped
      )
  )
})
