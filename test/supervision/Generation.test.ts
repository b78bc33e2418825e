import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as TestClock from "effect/testing/TestClock"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import { app, awaitStates, tick, trail } from "../support/app.ts"
import { settle } from "../support/awaitState.ts"

const later = Effect.sleep("10 millis")

describe("a worker", () => {
  const ends: Readonly<Record<string, Effect.Effect<unknown, unknown>>> = {
    "fails at its first step": Effect.fail("no"),
    "fails later": Effect.andThen(later, Effect.fail("no")),
    dies: Effect.andThen(later, Effect.die("no")),
    "interrupts itself": Effect.andThen(later, Effect.interrupt),
    "takes from a queue that is shut down": Effect.gen(function*() {
      const queue = yield* Queue.unbounded<void>()
      yield* Effect.forkChild(Effect.andThen(later, Queue.shutdown(queue)))
      yield* Queue.take(queue)
    }),
    "is interrupted by another fiber": Effect.withFiber((fiber) =>
      Effect.andThen(
        Effect.forkDetach(Effect.andThen(later, Effect.sync(() => fiber.interruptUnsafe()))),
        Effect.never
      )
    ),
    "fails, and another fiber joins and catches it": Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) =>
      Effect.andThen(
        Effect.forkDetach(Effect.exit(Fiber.join(fiber)), { startImmediately: true }),
        Effect.andThen(later, Effect.fail("no"))
      )
    )
  }

  it.effect.each(Object.entries(ends))("that %s crashes its domain", ([, work]) =>
    Effect.gen(function*() {
      yield* tick
      yield* TestClock.adjust("10 millis")
      yield* awaitStates({ one: "crashed" })
      const crashed = (yield* trail).find(({ to }) => to === "crashed")!
      assert.deepStrictEqual(crashed.metadata, { worker: "work" })
    }).pipe(Effect.provide(app([Domain.make("one", { layer: Layer.empty, workers: { work }, restart: "never" })]))))

  it.effect("that the end of its domain interrupts has not failed, nor has onTick", () => {
    const ended: Array<string> = []
    const endless = (name: string) => Effect.onInterrupt(Effect.never, () => Effect.sync(() => ended.push(name)))
    const one = Domain.make("one", {
      layer: Layer.empty,
      workers: { work: { effect: endless("worker"), permanent: true } },
      onTick: () => endless("onTick")
    })
    return Effect.gen(function*() {
      yield* tick
      yield* tick
      yield* DomainControl.use((control) => control.restart("one"))
      yield* awaitStates({ one: "active" })
      assert.sameMembers(ended, ["worker", "onTick"])
      assert.isEmpty((yield* trail).filter(({ to }) => to === "crashed"))
    }).pipe(Effect.provide(app([one])))
  })
})

describe("a generation", () => {
  it.effect("has a new scope and a new memo map: its layer is built anew, and once", () => {
    let instances = 0
    const closed: Array<number> = []
    const counted = Layer.effectDiscard(Effect.acquireRelease(
      Effect.sync(() => ++instances),
      (instance) => Effect.sync(() => closed.push(instance))
    ))
    const one = Domain.make("one", { layer: Layer.merge(counted, Layer.provide(Layer.empty, counted)) })
    return Effect.gen(function*() {
      yield* tick
      for (const generation of [1, 2, 3]) {
        yield* awaitStates({ one: "active" })
        assert.strictEqual(instances, generation)
        assert.deepStrictEqual(closed, [1, 2].slice(0, generation - 1))
        yield* DomainControl.use((control) => control.restart("one"))
        yield* settle
      }
    }).pipe(Effect.provide(app([one])))
  })
})
