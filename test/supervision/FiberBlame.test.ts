import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Domain from "../../src/model/Domain.ts"
import { app, awaitStates, states, tick } from "../support/app.ts"
import { settle } from "../support/awaitState.ts"
import * as LogLines from "../support/LogLines.ts"

const failing = Effect.andThen(Effect.sleep("10 millis"), Effect.fail("no"))

/** The failures of fibers that were logged. */
const logged = Effect.map(
  LogLines.LogLines,
  ({ lines }) => lines.filter(({ annotations }) => annotations["event.name"] === "thunderline.domain.fiber_failed")
)

describe("a failure that nobody awaited", () => {
  const flush = Effect.fn("Outbox.flush")(() => Effect.forkDetach(failing))
  const places = {
    method: [flush(), /^Outbox\.flush .*FiberBlame\.test\.ts/],
    nested: [Effect.withSpan(flush(), "around"), /^Outbox\.flush .*FiberBlame\.test\.ts/],
    span: [Effect.withSpan(Effect.forkDetach(failing), "sync"), /^sync\b/],
    activation: [Effect.forkDetach(failing), /^Domain\.activate$/]
  } as const

  it.effect.each(Object.entries(places))(
    "is logged with the domain, the tick and the innermost Effect.fn, or else the span: %s",
    ([, [fork, place]]) =>
      Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ messy: "active" })
        yield* TestClock.adjust("2 seconds")
        yield* settle
        const [line, ...others] = yield* logged
        assert.isEmpty(others)
        assert.strictEqual(line!.level, "Error")
        assert.include(line!.annotations, { domain: "messy", tick: 1 })
        assert.match(String(line!.annotations["place"]), place)
      }).pipe(
        Effect.provide(app([Domain.make("messy", { layer: Layer.effectDiscard(fork) })])),
        Effect.provide(LogLines.layer)
      )
  )

  it.effect("crashes the domain when the fiber that forked it has ended, and after one second at the latest", () => {
    const forking = (name: string, then: Effect.Effect<void>) => {
      let scope: Scope.Scope
      return Domain.make(name, {
        layer: Layer.effectDiscard(Effect.map(Effect.scope, (made) => {
          scope = made
        })),
        workers: { forks: Effect.suspend(() => Effect.andThen(Effect.forkIn(failing, scope), then)) },
        restart: "never"
      })
    }
    const leaves = forking("leaves", Effect.sleep("300 millis"))
    const stays = forking("stays", Effect.never)
    return Effect.gen(function*() {
      yield* tick
      yield* TestClock.adjust("299 millis")
      yield* settle
      assert.deepStrictEqual(yield* states, { leaves: "active", stays: "active" })
      yield* TestClock.adjust("1 millis")
      yield* awaitStates({ leaves: "crashed", stays: "active" })
      yield* TestClock.adjust("709 millis")
      yield* settle
      assert.deepStrictEqual(yield* states, { leaves: "crashed", stays: "active" })
      yield* TestClock.adjust("1 millis")
      yield* awaitStates({ stays: "crashed" })
    }).pipe(Effect.provide(app([leaves, stays])))
  })

  it.effect("of the build crashes the domain only when it is active, and after one second at the latest", () => {
    const building = (name: string, time: "300 millis" | "3 seconds") =>
      Domain.make(name, {
        layer: Layer.effectDiscard(Effect.andThen(Effect.forkScoped(failing), Effect.sleep(time))),
        restart: "never"
      })
    return Effect.gen(function*() {
      yield* tick
      yield* TestClock.adjust("299 millis")
      yield* settle
      assert.deepStrictEqual(yield* states, { quick: "activating", slow: "activating" })
      yield* TestClock.adjust("1 millis")
      yield* awaitStates({ quick: "crashed", slow: "activating" })
      yield* TestClock.adjust("709 millis")
      yield* settle
      assert.deepStrictEqual(yield* states, { quick: "crashed", slow: "activating" })
      yield* TestClock.adjust("1 millis")
      yield* awaitStates({ slow: "crashed" })
    }).pipe(Effect.provide(app([building("quick", "300 millis"), building("slow", "3 seconds")])))
  })

  it.effect("and is no background work is logged after one second, beyond 16 of one place at once", () => {
    const forks = Effect.forEach(Array.from({ length: 17 }), () => Effect.forkDetach(failing), { discard: true })
    return Effect.gen(function*() {
      yield* tick
      yield* TestClock.adjust("10 millis")
      yield* settle
      assert.lengthOf(yield* logged, 1)
      yield* TestClock.adjust("999 millis")
      yield* settle
      assert.lengthOf(yield* logged, 1)
      yield* TestClock.adjust("1 millis")
      yield* settle
      yield* awaitStates({ messy: "active", one: "active" })
      assert.deepStrictEqual((yield* logged).map(({ annotations }) => annotations["domain"]), ["messy", "one"])
    }).pipe(
      Effect.provide(app([
        Domain.make("messy", { layer: Layer.effectDiscard(forks) }),
        Domain.make("one", { layer: Layer.effectDiscard(Effect.forkDetach(failing)) })
      ])),
      Effect.provide(LogLines.layer)
    )
  })
})
