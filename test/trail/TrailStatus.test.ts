import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as TestClock from "effect/testing/TestClock"
import { TrailReports } from "../../src/trail/TrailReports.ts"
import * as TrailStatus from "../../src/trail/TrailStatus.ts"
import * as LogLines from "../support/LogLines.ts"

const trouble = (detail: string) => ({ detail, message: `no answer: ${detail}` })

describe("TrailStatus", () => {
  it.effect("is degraded as long as one of those who work on the trail is in trouble, and says so once", () =>
    Effect.gen(function*() {
      const { status } = yield* TrailStatus.TrailStatus
      const { degraded, ok } = yield* TrailReports
      const { lines } = yield* LogLines.LogLines
      yield* ok("Outbox")
      assert.deepStrictEqual(status(), TrailStatus.TrailState.ok())
      yield* TestClock.adjust("1 minute")
      yield* degraded("RunLease", trouble("gone"))
      yield* TestClock.adjust("1 minute")
      yield* degraded("Outbox", trouble("still gone"))
      yield* degraded("RunLease", trouble("away"))
      assert.deepStrictEqual(status(), TrailStatus.TrailState.degraded({ since: 60_000, detail: "away" }))
      yield* ok("RunLease")
      assert.strictEqual(status()._tag, "degraded")
      yield* ok("Outbox", "3 transitions left to write")
      yield* ok("RunLease")
      assert.deepStrictEqual(status(), TrailStatus.TrailState.ok())
      assert.deepStrictEqual(lines.map(({ level, text }) => [level, text]), [
        ["Warn", "[RunLease] trail: degraded, no answer: gone"],
        ["Info", "[Outbox] trail: ok, 3 transitions left to write"]
      ])
    }).pipe(Effect.provide(Layer.merge(TrailStatus.layer, LogLines.layer))))

  it.effect("measures for how long it has been degraded", () =>
    Effect.gen(function*() {
      const { degraded, ok } = yield* TrailReports
      const seconds = Effect.map(Metric.snapshot, (metrics) => {
        const metric = metrics.find(({ id }) => id === "thunderline.trail.degraded")!
        return metric.type === "Gauge" ? metric.state.value : undefined
      })
      assert.strictEqual(yield* seconds, 0)
      yield* degraded("Outbox", trouble("gone"))
      yield* TestClock.adjust("90 seconds")
      assert.strictEqual(yield* seconds, 90)
      yield* ok("Outbox")
      assert.strictEqual(yield* seconds, 0)
    }).pipe(Effect.provide(
      Layer.mergeAll(TrailStatus.layer, LogLines.layer).pipe(
        Layer.provideMerge(Layer.sync(Metric.MetricRegistry, () => new Map()))
      )
    )))
})
