import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import { app, awaitStates, states, tick } from "../support/app.ts"
import { settle } from "../support/awaitState.ts"
import * as LogLines from "../support/LogLines.ts"

describe("the end of a generation", () => {
  it.effect.each(["restart", "crash"] as const)(
    "that exceeds shutdownTimeout is abandoned and logged, and the next generation waits until then: after a %s",
    (end) => {
      const fails = Deferred.makeUnsafe<never, string>()
      let builds = 0
      const stuck = Domain.make("stuck", {
        layer: Layer.effectDiscard(Effect.acquireRelease(
          Effect.sync(() => ++builds),
          (build) => build === 1 ? Effect.never : Effect.void
        )),
        workers: { link: Effect.suspend(() => builds === 1 ? Deferred.await(fails) : Effect.never) },
        shutdownTimeout: "2 seconds"
      })
      return Effect.gen(function*() {
        const { lines } = yield* LogLines.LogLines
        yield* tick
        yield* awaitStates({ stuck: "active" })
        if (end === "crash") yield* Deferred.fail(fails, "no")
        else yield* DomainControl.use((control) => control.restart("stuck"))
        yield* settle
        yield* TestClock.adjust("1999 millis")
        yield* settle
        yield* awaitStates({ stuck: end === "crash" ? "activating" : "deactivating" })
        assert.strictEqual(builds, 1)
        yield* TestClock.adjust("1 millis")
        yield* awaitStates({ stuck: "active" })
        assert.strictEqual(builds, 2)
        const abandoned = lines.filter(({ annotations }) =>
          annotations["event.name"] === "thunderline.domain.abandoned"
        )
        assert.deepStrictEqual(abandoned.map(({ text }) => text), [
          "[Stuck] Shutdown exceeded shutdownTimeout (2s); abandoned"
        ])
      }).pipe(Effect.provide(app([stuck])), Effect.provide(LogLines.layer))
    }
  )

  const hangs = Effect.uninterruptible(Effect.never)
  const stuck = {
    "a finalizer": { layer: Layer.effectDiscard(Effect.addFinalizer(() => Effect.never)) },
    onDeactivate: { onDeactivate: () => Effect.never },
    "a worker": { workers: { work: hangs } },
    onTick: { onTick: () => hangs },
    "a use": {}
  }

  it.effect.each(Object.entries(stuck))(
    "is abandoned after the default of 10 seconds where %s hangs",
    ([part, options]) => {
      const one: Domain.Any = Domain.make("one", { layer: Layer.empty, ...options })
      return Effect.gen(function*() {
        const { lines } = yield* LogLines.LogLines
        yield* tick
        yield* tick
        if (part === "a use") yield* Effect.forkDetach(Domain.use(one, hangs), { startImmediately: true })
        yield* DomainControl.use((control) => control.deactivate("one"))
        yield* settle
        yield* TestClock.adjust("9999 millis")
        yield* settle
        yield* awaitStates({ one: "deactivating" })
        yield* TestClock.adjust("1 millis")
        yield* awaitStates({ one: "inactive" })
        assert.isTrue(lines.some(({ text }) => /^\[One\] .* exceeded shutdownTimeout \(10s\); abandoned$/.test(text)))
      }).pipe(Effect.provide(app([one])), Effect.provide(LogLines.layer))
    }
  )

  it.live("takes as long as code does that blocks the event loop", () => {
    const one = Domain.make("one", {
      layer: Layer.empty,
      onDeactivate: () =>
        Effect.sync(() => {
          const started = performance.now()
          while (performance.now() - started < 200);
        }),
      shutdownTimeout: "10 millis"
    })
    return Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ one: "active" })
      const started = performance.now()
      yield* DomainControl.use((control) => control.deactivate("one"))
      yield* states.pipe(
        Effect.repeat({ until: (now) => now["one"] === "inactive", schedule: Schedule.spaced("1 millis") })
      )
      assert.isAtLeast(performance.now() - started, 200)
    }).pipe(Effect.provide(app([one])))
  })
})
