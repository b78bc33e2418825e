import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Domain from "../../src/model/Domain.ts"
import * as RestartBudget from "../../src/supervision/RestartBudget.ts"
import { int } from "../support/arbitraries.ts"

const policy = Domain.restartPolicy({ schedule: Schedule.exponential("100 millis"), limit: 3, within: "10 seconds" })

/** The attempt and its delay in milliseconds, or nothing when the budget is spent. */
const take = (budget: RestartBudget.RestartBudget, now: number, stableMs = 0) =>
  Effect.map(
    Effect.suspend(() => {
      budget.wasActive(stableMs)
      return budget.take(now)
    }),
    (taken) => Option.isNone(taken) ? undefined : [taken.value.attempt, Duration.toMillis(taken.value.delay)]
  )

describe("RestartBudget", () => {
  it.effect("gives its limit of restarts, each after the schedule's next delay, then none", () =>
    Effect.gen(function*() {
      const budget = RestartBudget.make(policy)
      assert.deepStrictEqual(yield* take(budget, 0), [1, 100])
      assert.deepStrictEqual(yield* take(budget, 1_000), [2, 200])
      assert.deepStrictEqual(yield* take(budget, 2_000), [3, 400])
      assert.isUndefined(yield* take(budget, 3_000))
      assert.isUndefined(yield* take(budget, 9_999))
    }))

  it.effect("forgets restarts older than the window, and keeps backing off", () =>
    Effect.gen(function*() {
      const budget = RestartBudget.make(policy)
      for (const now of [0, 1_000, 2_000]) yield* take(budget, now)
      assert.deepStrictEqual(yield* take(budget, 10_000), [4, 800])
      assert.isUndefined(yield* take(budget, 10_999))
      assert.deepStrictEqual(yield* take(budget, 11_000), [5, 1_600])
    }))

  it.effect("starts over after the domain has been active for the window, no earlier", () =>
    Effect.gen(function*() {
      const budget = RestartBudget.make(policy)
      for (const now of [0, 1, 2]) yield* take(budget, now)
      assert.isUndefined(yield* take(budget, 3, 9_999))
      assert.deepStrictEqual(yield* take(budget, 4, 10_000), [1, 100])
      assert.deepStrictEqual(yield* take(budget, 5), [2, 200])
    }))

  it.effect("is new after a reset, as by an operator", () =>
    Effect.gen(function*() {
      const budget = RestartBudget.make(policy)
      for (const now of [0, 1, 2]) yield* take(budget, now)
      budget.reset()
      assert.deepStrictEqual(yield* take(budget, 3), [1, 100])
    }))

  it.effect("ends with its schedule, whatever its limit", () =>
    Effect.gen(function*() {
      const schedule = Schedule.max([Schedule.spaced("1 second"), Schedule.recurs(2)])
      const budget = RestartBudget.make(Domain.restartPolicy({ schedule, limit: 100 }))
      assert.deepStrictEqual(yield* take(budget, 0), [1, 1_000])
      assert.deepStrictEqual(yield* take(budget, 1), [2, 1_000])
      assert.isUndefined(yield* take(budget, 2))
    }))

  it.effect("gives nothing to `never`, nor to a limit of 0, not even after a reset", () =>
    Effect.gen(function*() {
      for (const none of ["never", Domain.restartPolicy({ limit: 0 })] as const) {
        const budget = RestartBudget.make(none)
        assert.isUndefined(yield* take(budget, 0))
        budget.reset()
        assert.isUndefined(yield* take(budget, 0, 1e9))
      }
    }))

  it.effect("is each domain's own, also where two share a policy", () =>
    Effect.gen(function*() {
      const [one, other] = [RestartBudget.make(policy), RestartBudget.make(policy)]
      for (const now of [0, 1, 2, 3]) yield* take(one, now)
      assert.deepStrictEqual(yield* take(other, 4), [1, 100])
    }))

  it.effect("by default backs off from 200 ms to 30 s with a fifth of jitter, five times a minute", () =>
    Effect.gen(function*() {
      const budget = RestartBudget.make(Domain.restartPolicy())
      for (let n = 0; n < 20; n++) {
        const [attempt, delay] = (yield* take(budget, n * 12_000))!
        assert.strictEqual(attempt, n + 1)
        const base = Math.min(200 * 2 ** n, 30_000)
        assert.isAtLeast(delay!, base * 0.8)
        assert.isAtMost(delay!, base * 1.2)
      }
      budget.reset()
      for (let n = 0; n < 5; n++) assert.isDefined(yield* take(budget, 0))
      assert.isUndefined(yield* take(budget, 59_999))
    }))

  it.effect.prop(
    "never gives more than its limit within any window, and never less than it may",
    { gaps: Arbitrary.array(int(0, 40)), limit: int(0, 5), within: int(1, 60) },
    ({ gaps, limit, within }) =>
      Effect.gen(function*() {
        const schedule = Schedule.spaced("1 milli")
        const budget = RestartBudget.make(Domain.restartPolicy({ schedule, limit, within }))
        const given: Array<number> = []
        let now = 0
        for (const gap of gaps) {
          now += gap
          const recent = given.filter((at) => now - at < within).length
          const taken = yield* take(budget, now)
          assert.strictEqual(taken !== undefined, recent < limit)
          if (taken !== undefined) given.push(now)
        }
      })
  )
})
