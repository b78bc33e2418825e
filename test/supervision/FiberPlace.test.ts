import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import * as FiberBlame from "../../src/supervision/FiberBlame.ts"
import * as FiberWatch from "../../src/supervision/FiberWatch.ts"
import { settle } from "../support/awaitState.ts"

/** The owner of a generation's fibers, a context of its own, and what it has said. */
const make = Effect.gen(function*() {
  const context = yield* Effect.context<never>()
  const told: Array<string> = []
  let timers = 0
  const tell = (what: string) => ({ cause, place }: FiberBlame.Unclaimed) =>
    void told.push(`${what}: ${Cause.squash(cause)} in ${place}`)
  const blame = FiberBlame.make({
    fork: (effect): Fiber.Fiber<void> => {
      timers++
      return Effect.runForkWith(context)(effect)
    },
    crash: tell("crash"),
    log: tell("log")
  })
  const watched = FiberWatch.install(context, blame.owner)
  const run = (effect: Effect.Effect<unknown, unknown>) =>
    Effect.sync(() => void Effect.runForkWith(watched)(Effect.exit(effect)))
  return { blame, run, told, timers: () => timers }
})

const here = Effect.fn("here")(() => Effect.forkDetach(Effect.fail("no")))

describe("FiberBlame, for what nobody owns", () => {
  it.effect("names the function in which the fiber was forked", () =>
    Effect.gen(function*() {
      const { run, told } = yield* make
      yield* run(here())
      yield* settle
      yield* TestClock.adjust("1 second")
      assert.lengthOf(told, 1)
      assert.match(told[0]!, /^log: no in here at .*FiberPlace\.test\.ts/)
    }))

  it.effect("has a bounded number of timers, and tells of each of 20,000 failures", () =>
    Effect.gen(function*() {
      const { run, timers, told } = yield* make
      const everywhere = (i: number) => Effect.withSpan(Effect.forkDetach(Effect.fail("no")), `place ${i % 5_000}`)
      yield* run(Effect.forEach(Array.from({ length: 20_000 }), (_, i) => everywhere(i), { discard: true }))
      yield* settle
      assert.isAtMost(timers(), 1_000)
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.lengthOf(told, 20_000)
    }))

  it.effect("bounds the name of a place, and takes one that throws for none", () =>
    Effect.gen(function*() {
      const { run, told } = yield* make
      const fails = Effect.forkDetach(Effect.fail("no"))
      yield* run(Effect.withSpan(fails, "n".repeat(10_000_000)))
      const frame = { name: "x", stack: () => assert.fail("no stack"), parent: undefined }
      yield* run(Effect.provideContext(fails, Context.make(References.CurrentStackFrame, frame)))
      yield* settle
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(told.map((line) => line.length), ["log: no in ".length + 256, 35])
    }))

  it.effect("logs the failure of a fiber whose fields cannot be read, and never blames the domain for it", () =>
    Effect.gen(function*() {
      const { blame, told } = yield* make
      blame.activated()
      const context = yield* Effect.context<never>()
      const fails = (fiber: object) =>
        blame.owner.failed({
          fiber: Object.assign(fiber, { context }) as Fiber.Fiber<unknown, unknown>,
          exit: Exit.fail("no") as Exit.Failure<unknown, unknown>,
          isOwned: () => true,
          forker: undefined,
          joining: undefined,
          setFollows: false
        })
      fails({ _observers: undefined, _interruptedCause: undefined, _exit: undefined })
      fails({ _observers: undefined, _exit: undefined })
      fails({ _interruptedCause: undefined, _exit: undefined })
      fails({ _observers: undefined, _interruptedCause: undefined })
      assert.deepStrictEqual(told.map((line) => line.slice(0, 5)), ["crash", "log: ", "log: ", "log: "])
    }))

  it.effect("logs what it held when the generation ends, and crashes nothing any more", () =>
    Effect.gen(function*() {
      const { blame, run, told } = yield* make
      yield* run(here())
      yield* settle
      assert.deepStrictEqual(told, [])
      blame.closed()
      assert.lengthOf(told, 1)
      yield* run(here())
      yield* settle
      assert.lengthOf(told, 2)
    }))
})
