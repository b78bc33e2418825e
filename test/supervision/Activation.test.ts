import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as Domain from "../../src/model/Domain.ts"
import { app, awaitStates, tick, trail } from "../support/app.ts"
import { settle } from "../support/awaitState.ts"

describe("an activation", () => {
  it.effect("ends when the layer is built and onActivate has succeeded", () => {
    const built = Deferred.makeUnsafe<void>()
    const ready = Deferred.makeUnsafe<void>()
    const one = Domain.make("one", {
      layer: Layer.effectDiscard(Deferred.await(built)),
      onActivate: () => Deferred.await(ready)
    })
    return Effect.gen(function*() {
      yield* tick
      for (const next of [built, ready]) {
        yield* settle
        yield* awaitStates({ one: "activating" })
        yield* Deferred.succeed(next, undefined)
      }
      yield* awaitStates({ one: "active" })
    }).pipe(Effect.provide(app([one])))
  })

  it.effect("crashes the domain when onActivate fails or takes longer than activationTimeout", () => {
    const domain = (name: string, onActivate: Effect.Effect<void, string>) =>
      Domain.make(name, {
        layer: Layer.empty,
        onActivate: () => onActivate,
        activationTimeout: "2 seconds",
        restart: "never"
      })
    return Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ failing: "crashed", hanging: "activating" })
      yield* TestClock.adjust("1999 millis")
      yield* settle
      yield* awaitStates({ hanging: "activating" })
      yield* TestClock.adjust("1 millis")
      yield* awaitStates({ hanging: "crashed" })
      assert.deepStrictEqual(
        (yield* trail).filter(({ to }) => to === "crashed").map(({ domain, reason }) => [domain, reason]),
        [["failing", "failure"], ["hanging", "timeout"]]
      )
    }).pipe(Effect.provide(app([domain("failing", Effect.fail("no")), domain("hanging", Effect.never)])))
  })

  it.effect("that takes too long is given up although it acquires uninterruptibly, and its scope is closed", () => {
    const answers = Deferred.makeUnsafe<void>()
    const log: Array<string> = []
    const open = (name: string, acquire: Effect.Effect<void>) =>
      Layer.effectDiscard(Effect.acquireRelease(acquire, () => Effect.sync(() => log.push(`closed ${name}`))))
    const one = Domain.make("one", {
      layer: open("second", Deferred.await(answers)).pipe(Layer.provide(open("first", Effect.void))),
      activationTimeout: "2 seconds",
      restart: "never"
    })
    return Effect.gen(function*() {
      yield* tick
      yield* TestClock.adjust("2 seconds")
      yield* awaitStates({ one: "crashed" })
      yield* settle
      assert.isEmpty(log)
      yield* Deferred.succeed(answers, undefined)
      yield* settle
      assert.deepStrictEqual(log, ["closed second", "closed first"])
    }).pipe(Effect.provide(app([one])))
  })
})
