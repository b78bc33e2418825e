import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Fiber, FiberSet, Metric, Scheduler, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as FiberObserver from "../../src/supervision/FiberObserver.ts"

/** Runs an effect observed, lets it and its fibers end, and says what was reported. */
const observe = (
  effect: Effect.Effect<unknown, unknown, Scope.Scope>,
  extra: Context.Context<never> = Context.empty()
) =>
  Effect.gen(function*() {
    const reported: Array<string> = []
    const scope = yield* Scope.make()
    const context = Context.mergeAll(yield* Effect.context<never>(), extra)
    const observer = FiberObserver.make(context, (cause, ownership) => {
      reported.push(`${ownership}: ${Cause.squash(cause)}`)
    })
    const observed = observer.install(Context.add(context, Scope.Scope, scope))
    const fiber = observer.fork(observed, effect as Effect.Effect<unknown, unknown>)
    yield* TestClock.adjust("1 minute")
    assert.isDefined(fiber.pollUnsafe())
    return reported
  })

const later = Effect.andThen(Effect.sleep("1 second"), Effect.fail("no"))

// These are the shapes in which Effect forks fibers. When a new version of Effect changes what the observer reads of a
// fiber, one of them falls.
describe("FiberObserver", () => {
  const cases: Record<string, readonly [Effect.Effect<unknown, unknown, Scope.Scope>, ReadonlyArray<string>]> = {
    "a fiber owned by the scope": [Effect.forkScoped(later), ["scope: no"]],
    "one that fails at its first step": [Effect.forkScoped(Effect.fail("no")), ["scope: no"]],
    "one among others in the scope": [
      Effect.all([Effect.forkScoped(Effect.never), Effect.forkScoped(later), Effect.addFinalizer(() => Effect.void)]),
      ["scope: no"]
    ],
    "one that dies": [Effect.forkScoped(Effect.andThen(Effect.sleep(1), Effect.die("bug"))), ["scope: bug"]],
    "a fiber forked by an owned fiber": [Effect.forkScoped(Effect.forkScoped(later)), ["scope: no"]],
    "a detached fiber": [Effect.forkDetach(later), ["detached: no"]],
    "a detached fiber that starts at once": [
      Effect.forkDetach(Effect.fail("no"), { startImmediately: true }),
      ["detached: no"]
    ],
    "a child that nobody joins": [
      Effect.andThen(Effect.forkChild(later), Effect.sleep("2 seconds")),
      ["child: no"]
    ],
    "a child that is joined": [
      Effect.flatMap(Effect.forkChild(later), (child) => Effect.exit(Fiber.join(child))),
      []
    ],
    "a detached fiber that is awaited": [
      Effect.flatMap(Effect.forkDetach(later), (fiber) => Fiber.await(fiber)),
      []
    ],
    "fibers in a set that is watched": [
      Effect.flatMap(
        FiberSet.make<unknown, unknown>(),
        (set) => Effect.andThen(FiberSet.run(set, later), Effect.sleep("2 seconds"))
      ),
      []
    ],
    "concurrency, races, time-outs and retries inside": [
      Effect.all([
        Effect.exit(Effect.all([later, Effect.never], { concurrency: "unbounded" })),
        Effect.race(later, Effect.sleep("3 seconds")),
        Effect.exit(Effect.timeout(Effect.never, "1 second")),
        Effect.exit(Effect.retry(Effect.timeout(later, "2 seconds"), { times: 3 }))
      ]),
      []
    ],
    "an interrupted fiber": [
      Effect.flatMap(Effect.forkScoped(Effect.never), (fiber) => Fiber.interrupt(fiber)),
      []
    ],
    "one that succeeds": [Effect.forkScoped(Effect.sleep("1 second")), []],
    "its own fiber": [later, []]
  }
  for (const [name, [effect, expected]] of Object.entries(cases)) {
    it.effect(`reports ${expected.length === 0 ? "nothing of " : ""}${name}`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* observe(effect), expected)
      }))
  }

  it.effect("tells which of many fibers failed, however they start and end", () =>
    Effect.gen(function*() {
      const fibers = Array.from({ length: 200 }, (_, i) => {
        const effect = Effect.andThen(Effect.sleep(i % 7), Effect.fail(i))
        return i % 3 === 0 ? Effect.forkScoped(effect) : i % 3 === 1 ? Effect.forkDetach(effect) : Effect.exit(effect)
      })
      const reported = yield* observe(Effect.all(fibers, { concurrency: "unbounded", discard: true }))
      const expected = fibers.flatMap((_, i) => i % 3 === 0 ? [`scope: ${i}`] : i % 3 === 1 ? [`detached: ${i}`] : [])
      assert.sameMembers(reported, expected)
    }))

  it.effect("calls the metrics and the scheduler that were there before", () =>
    Effect.gen(function*() {
      let started = 0
      let ended = 0
      let steps = 0
      const scheduler = yield* Scheduler.Scheduler
      const extra = Context.make(Metric.FiberRuntimeMetrics, {
        recordFiberStart: () => started++,
        recordFiberEnd: () => ended++
      }).pipe(Context.add(Scheduler.Scheduler, {
        executionMode: scheduler.executionMode,
        makeDispatcher: () => scheduler.makeDispatcher(),
        shouldYield: (fiber) => {
          steps++
          return scheduler.shouldYield(fiber)
        }
      }))
      yield* observe(Effect.forkScoped(later), extra)
      assert.strictEqual(started, 2)
      assert.strictEqual(ended, 2)
      assert.isAbove(steps, 2)
    }))
})
