import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as TestClock from "effect/testing/TestClock"
import * as FiberFailureLog from "../../src/supervision/FiberFailureLog.ts"
import { settle } from "../support/awaitState.ts"
import * as LogLines from "../support/LogLines.ts"

const failures = Effect.map(
  Metric.snapshot,
  (metrics) =>
    metrics.flatMap((metric) =>
      metric.id === "thunderline.domain.fiber.failures" && "count" in metric.state ? [Number(metric.state.count)] : []
    )
)

describe("FiberFailureLog", () => {
  it.effect("logs each place of a domain once a minute, counts every failure, and says how many were not logged", () =>
    Effect.gen(function*() {
      const services = yield* Effect.context<never>()
      const { lines, texts } = yield* LogLines.LogLines
      const clock = yield* Clock.Clock
      const log = FiberFailureLog.make({ clock, domains: ["one", "two"], services, fork: Effect.runForkWith(services) })
      const fails = (domain: string, place: string) => log({ domain, place, tick: 7, cause: Cause.fail("no") })
      for (let i = 0; i < 20_000; i++) fails("one", "Here.method")
      fails("one", "There.method")
      fails("two", "Here.method")
      yield* settle
      assert.deepStrictEqual(texts(), [
        "[One] A fiber failed and nobody awaited it, forked in Here.method",
        "[One] A fiber failed and nobody awaited it, forked in There.method",
        "[Two] A fiber failed and nobody awaited it, forked in Here.method"
      ])
      assert.deepStrictEqual(lines[0]!.level, "Error")
      assert.include(lines[0]!.annotations, { domain: "one", tick: 7, place: "Here.method", unlogged: 0 })
      assert.strictEqual(Cause.squash(lines[0]!.cause), "no")
      yield* TestClock.adjust("59 seconds")
      fails("one", "Here.method")
      yield* TestClock.adjust("1 second")
      fails("one", "Here.method")
      yield* settle
      assert.deepStrictEqual(texts().slice(3), [
        "[One] A fiber failed and nobody awaited it, forked in Here.method; 20000 more since it was last logged"
      ])
      assert.deepStrictEqual((yield* failures).toSorted((a, b) => a - b), [1, 20_003])
    }).pipe(Effect.provide(LogLines.layer)))

  it.effect("remembers a bounded number of places", () =>
    Effect.gen(function*() {
      const services = yield* Effect.context<never>()
      const { lines } = yield* LogLines.LogLines
      const log = FiberFailureLog.make({
        clock: yield* Clock.Clock,
        domains: [],
        services,
        fork: Effect.runForkWith(services)
      })
      for (let i = 0; i < 1_001; i++) log({ domain: "one", place: `place ${i}`, tick: 1, cause: Cause.fail("no") })
      log({ domain: "one", place: "place 1000", tick: 1, cause: Cause.fail("no") })
      log({ domain: "one", place: "place 0", tick: 1, cause: Cause.fail("no") })
      yield* settle
      assert.lengthOf(lines, 1_002, "the oldest place was forgotten, the newest not")
    }).pipe(Effect.provide(LogLines.layer)))
})
