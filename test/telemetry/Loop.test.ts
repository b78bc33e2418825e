import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Loop from "../../src/telemetry/Loop.ts"
import { root } from "../cli/Process.ts"
import { settle } from "../support/awaitState.ts"
import * as LogLines from "../support/LogLines.ts"

const restarts = Effect.map(Metric.snapshot, (metrics) => {
  const metric = metrics.find(({ id }) => id === "thunderline.loop.restarts")
  return metric !== undefined && "count" in metric.state ? Number(metric.state.count) : undefined
})

describe("Thunderline's own loops", () => {
  it("run under Loop.supervised, each under its name", () => {
    const files = globSync("{src,layers}/**/*.ts", { cwd: root })
    const names = files.flatMap((file) =>
      Array.from(readFileSync(join(root, file), "utf8").matchAll(/Loop\.supervised\(\s*"([^"]+)"/g), ([, name]) => name)
    )
    assert.sameMembers(names, [
      "embedded PostgreSQL",
      "health",
      "heartbeat",
      "lease",
      "outbox",
      "retention",
      "stream-comments",
      "stream-events",
      "stream-ticks",
      "supervisor",
      "systemd-watchdog",
      "watch-feed",
      "watch-picture",
      "watch-size",
      "watch-story"
    ])
  })
})

describe("Loop.supervised", () => {
  it.effect.each(
    [
      { end: "success", effect: Effect.void },
      { end: "failure", effect: Effect.fail("gone") },
      { end: "defect", effect: Effect.die(new Error("broken")) },
      { end: "interruption", effect: Effect.interrupt },
      {
        end: "interruption from elsewhere",
        effect: Effect.withFiber((fiber) => Effect.sync(() => fiber.interruptUnsafe()))
      }
    ] as ReadonlyArray<{ readonly end: string; readonly effect: Effect.Effect<unknown, unknown> }>
  )("logs an end by $end and runs again after a back-off", ({ effect }) =>
    Effect.gen(function*() {
      const { lines } = yield* LogLines.LogLines
      let runs = 0
      yield* Loop.supervised("test", Effect.andThen(Effect.sync(() => ++runs), effect))
      assert.strictEqual(runs, 1)
      yield* settle
      yield* TestClock.adjust("70 millis")
      assert.strictEqual(runs, 1)
      yield* TestClock.adjust("60 millis")
      yield* settle
      assert.strictEqual(runs, 2)
      assert.deepStrictEqual(lines.map(({ level }) => level), ["Error", "Error"])
      assert.match(lines[0]!.text, /^\[Loop\] test ended, which is a bug; it runs again/)
      assert.include(lines[0]!.annotations, { "event.name": "thunderline.loop.ended", loop: "test" })
      assert.strictEqual(yield* restarts, 2)
    }).pipe(
      Effect.scoped,
      Effect.provide(LogLines.layer),
      Effect.provideService(Metric.MetricRegistry, new Map())
    ))

  it.effect("tries no faster than every 30 seconds after many ends, and starts over once it has run for 30 seconds", () =>
    Effect.gen(function*() {
      const starts: Array<number> = []
      let lasts = Effect.void
      const clock = yield* Effect.clockWith((clock) => Effect.succeed(clock))
      yield* Loop.supervised(
        "test",
        Effect.suspend(() => {
          starts.push(clock.currentTimeMillisUnsafe())
          return lasts
        })
      )
      for (let i = 0; i < 600; i++) yield* TestClock.adjust("1 second")
      const gaps = starts.slice(1).map((at, i) => at - starts[i]!)
      assert.isAtLeast(gaps.at(-1)!, 24_000)
      assert.isAtMost(Math.max(...gaps), 37_000)
      lasts = Effect.sleep("40 seconds")
      for (let i = 0; i < 80; i++) yield* TestClock.adjust("1 second")
      const before = starts.length
      lasts = Effect.void
      yield* TestClock.adjust("40 seconds")
      yield* TestClock.adjust("1 second")
      assert.isAbove(starts.length, before + 1)
    }).pipe(Effect.scoped, Effect.provide(LogLines.layer)))

  it.effect("ends with its scope and logs nothing", () =>
    Effect.gen(function*() {
      const { lines } = yield* LogLines.LogLines
      const scope = yield* Scope.make()
      const ended: Array<string> = []
      yield* Loop.supervised("test", Effect.onInterrupt(Effect.never, () => Effect.sync(() => ended.push("ended"))))
        .pipe(
          Scope.provide(scope)
        )
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(ended, ["ended"])
      assert.strictEqual(lines.length, 0)
    }).pipe(Effect.provide(Layer.fresh(LogLines.layer))))
})
