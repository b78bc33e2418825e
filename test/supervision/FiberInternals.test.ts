import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as FiberInternals from "../../src/supervision/FiberInternals.ts"

const failed = Effect.gen(function*() {
  const fiber: Fiber.Fiber<unknown, unknown> = yield* Effect.forkDetach(Effect.fail("no"))
  yield* Effect.yieldNow
  const exit = fiber.pollUnsafe()
  assert.isDefined(exit)
  return { fiber, exit }
})

/** Whether something looks at a fiber that has failed. */
const isLook = (look: (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<unknown>) =>
  Effect.gen(function*() {
    const { exit, fiber } = yield* failed
    let looks = 0
    FiberInternals.onLook(fiber, exit, false, () => looks++)
    yield* Effect.suspend(() => look(fiber))
    const looked = looks
    assert.strictEqual(fiber.pollUnsafe(), exit)
    return looked === 1
  })

// When a new version of Effect changes a field of a fiber that is read here, one of these fails.
describe("FiberInternals", () => {
  it.effect("lists a fiber's observers until it ends", () =>
    Effect.gen(function*() {
      const fiber: Fiber.Fiber<unknown, unknown> = yield* Effect.forkChild(Effect.never)
      assert.isTrue(FiberInternals.isReadable(fiber))
      assert.lengthOf(FiberInternals.observers(fiber), 0)
      let counted = 0
      fiber.addObserver((exit) => {
        counted = Exit.isFailure(exit) ? observers.length : 0
      })
      const observers = FiberInternals.observers(fiber)
      const remove = fiber.addObserver(() => {})
      assert.lengthOf(observers, 2)
      remove()
      assert.lengthOf(observers, 1)
      const waiter = yield* Effect.forkChild(Fiber.await(fiber), { startImmediately: true })
      assert.lengthOf(observers, 2)
      yield* Fiber.interrupt(fiber)
      yield* Fiber.join(waiter)
      assert.strictEqual(counted, 2)
    }))

  it.effect("tells an observer that takes the exit from a scope's", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const fiber: Fiber.Fiber<unknown, unknown> = yield* Effect.forkIn(Effect.never, scope)
      assert.deepStrictEqual(FiberInternals.observers(fiber).map(FiberInternals.takesExit), [false])
      yield* Effect.forkChild(Effect.exit(Fiber.join(fiber)), { startImmediately: true })
      assert.deepStrictEqual(FiberInternals.observers(fiber).map(FiberInternals.takesExit), [false, true])
      yield* Scope.close(scope, Exit.void)
    }))

  it.effect("knows whether somebody has asked a fiber to stop", () =>
    Effect.gen(function*() {
      const asked = yield* Effect.forkChild(Effect.never)
      yield* Fiber.interrupt(asked)
      assert.isTrue(FiberInternals.askedToStop(asked))
      const alone = yield* Effect.forkChild(Effect.interrupt)
      yield* Fiber.await(alone)
      assert.isFalse(FiberInternals.askedToStop(alone))
    }))

  it.effect("takes a fiber without these fields for one that was asked to stop and has no observers", () =>
    Effect.sync(() => {
      const other = {} as Fiber.Fiber<unknown, unknown>
      assert.isFalse(FiberInternals.isReadable(other))
      assert.isTrue(FiberInternals.askedToStop(other))
      assert.lengthOf(FiberInternals.observers(other), 0)
    }))

  const looks: Record<string, (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<unknown>> = {
    "a join": (fiber) => Effect.exit(Fiber.join(fiber)),
    "an await": (fiber) => Fiber.await(fiber),
    "an await of several": (fiber) => Fiber.awaitAll([fiber]),
    "a poll": (fiber) => Effect.sync(() => fiber.pollUnsafe()),
    "an observer": (fiber) => Effect.sync(() => fiber.addObserver((exit) => Exit.isSuccess(exit)))
  }
  for (const [title, look] of Object.entries(looks)) {
    it.effect(`takes ${title} for a look at the end of a fiber`, () => Effect.map(isLook(look), assert.isTrue))
  }

  it.effect("takes what forks a fiber and puts it into a scope for no look", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Effect.context<never>()
      let looks = 0
      const watched = Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) => {
        fiber.addObserver((exit) => FiberInternals.onLook(fiber, exit, false, () => looks++))
        return Effect.fail("no")
      })
      yield* Effect.forkIn(watched, scope, { startImmediately: true })
      yield* Effect.sync(() => Fiber.runIn(Effect.runForkWith(context)(watched), scope))
      yield* Effect.forkDetach(watched, { startImmediately: true })
      assert.strictEqual(looks, 0)
      const joined = yield* Effect.forkChild(watched, { startImmediately: true })
      yield* Effect.exit(Fiber.join(joined))
      assert.strictEqual(looks, 1)
    }))
})
