import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as Cron from "effect/Cron"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Domain from "../../src/model/Domain.ts"
import * as RestartBudget from "../../src/supervision/RestartBudget.ts"
import { int } from "../support/arbitraries.ts"

const policy = Domain.restartPolicy({ schedule: Schedule.exponential("100 millis"), limit: 3, within: "10 seconds" })

const failure = Cause.fail("no socket")

/** The attempt and its delay in milliseconds, or why there is none. */
const summary = ({ decision }: RestartBudget.Verdict) =>
  decision._tag === "GiveUp" ? decision.why : [decision.attempt, Duration.toMillis(decision.delay)]

/** What the budget says to a crash after the domain was active for so long, if it was. */
const take = (budget: RestartBudget.RestartBudget, activeMs?: number, now = 0) =>
  Effect.map(
    Effect.suspend(() => {
      if (activeMs !== undefined) budget.wasActive(activeMs)
      return budget.take(now, failure)
    }),
    summary
  )

const spent = "its limit is spent (3 restarts within 10s of being active)"

describe("RestartBudget", () => {
  it.effect("gives its limit of restarts, each after the schedule's next delay, then none", () =>
    Effect.gen(function*() {
      const budget = RestartBudget.make(policy)
      assert.deepStrictEqual(yield* take(budget), [1, 100])
      assert.deepStrictEqual(yield* take(budget), [2, 200])
      assert.deepStrictEqual(yield* take(budget), [3, 400])
      assert.deepStrictEqual(yield* take(budget), spent)
      assert.deepStrictEqual(yield* take(budget), spent)
    }))

  it.effect("counts a restart for as long as the domain is active, however much other time passes", () =>
    Effect.gen(function*() {
      const budget = RestartBudget.make(policy)
      const day = 86_400_000
      for (let n = 0; n < 3; n++) assert.isArray(yield* take(budget, undefined, n * day))
      assert.strictEqual(yield* take(budget, undefined, 3 * day), spent)
      assert.strictEqual(yield* take(budget, 9_999, 4 * day), spent)
      assert.deepStrictEqual(yield* take(budget, 1, 5 * day), [4, 800])
      assert.deepStrictEqual(yield* take(budget, 0, 6 * day), [5, 1_600])
    }))

  it.effect("forgets restarts one by one, and keeps backing off", () =>
    Effect.gen(function*() {
      const budget = RestartBudget.make(policy)
      yield* take(budget)
      yield* take(budget, 4_000)
      yield* take(budget, 4_000)
      assert.strictEqual(yield* take(budget, 1_999), spent)
      assert.deepStrictEqual(yield* take(budget, 1), [4, 800])
      assert.strictEqual(yield* take(budget, 3_999), spent)
      assert.deepStrictEqual(yield* take(budget, 1), [5, 1_600])
    }))

  it.effect("starts over after the domain has been active for `within` in one go, no earlier", () =>
    Effect.gen(function*() {
      const budget = RestartBudget.make(policy)
      for (let n = 0; n < 3; n++) yield* take(budget)
      assert.strictEqual(yield* take(budget, 9_999), spent)
      assert.deepStrictEqual(yield* take(budget, 10_000), [1, 100])
      assert.deepStrictEqual(yield* take(budget), [2, 200])
    }))

  it.effect("is new after a reset, as by an operator", () =>
    Effect.gen(function*() {
      const budget = RestartBudget.make(policy)
      for (let n = 0; n < 3; n++) yield* take(budget)
      budget.reset()
      assert.deepStrictEqual(yield* take(budget), [1, 100])
    }))

  it.effect("ends with its schedule, whatever its limit", () =>
    Effect.gen(function*() {
      const schedule = Schedule.max([Schedule.spaced("1 second"), Schedule.recurs(2)])
      for (const limit of [100, undefined]) {
        const budget = RestartBudget.make(Domain.restartPolicy({ schedule, limit }))
        assert.deepStrictEqual(yield* take(budget), [1, 1_000])
        assert.deepStrictEqual(yield* take(budget), [2, 1_000])
        assert.strictEqual(yield* take(budget), "the schedule of its restart policy has ended")
      }
    }))

  it.effect("asks its schedule by the time of day, as Effect does", () =>
    Effect.gen(function*() {
      const schedule = Schedule.cron(Cron.parseUnsafe("0 12 * * *", "UTC")) as Schedule.Schedule<unknown>
      const budget = RestartBudget.make(Domain.restartPolicy({ schedule }))
      const before = Date.UTC(2026, 2, 1, 11, 59, 0)
      assert.deepStrictEqual(yield* take(budget, undefined, before), [1, 60_000])
    }))

  it.effect("gives nothing to `never`, nor to a limit of 0, not even after a reset", () =>
    Effect.gen(function*() {
      for (
        const [none, why] of [
          ["never", "its restart policy is \"never\""],
          [Domain.restartPolicy({ limit: 0 }), "its limit is spent (0 restarts within 1m of being active)"]
        ] as const
      ) {
        const budget = RestartBudget.make(none)
        assert.strictEqual(yield* take(budget), why)
        budget.reset()
        assert.strictEqual(yield* take(budget, 1e9), why)
      }
    }))

  it.effect("is each domain's own, also where two share a policy", () =>
    Effect.gen(function*() {
      const [one, other] = [RestartBudget.make(policy), RestartBudget.make(policy)]
      for (let n = 0; n < 4; n++) yield* take(one)
      assert.deepStrictEqual(yield* take(other), [1, 100])
    }))

  it.effect("by default backs off from 200 ms to 30 s with a fifth of jitter, without end", () =>
    Effect.gen(function*() {
      const budget = RestartBudget.make(Domain.restartPolicy())
      for (let n = 0; n < 2_000; n++) {
        const [attempt, delay] = (yield* take(budget)) as Array<number>
        assert.strictEqual(attempt, n + 1)
        const base = Math.min(200 * 2 ** n, 30_000)
        assert.isAtLeast(delay!, base * 0.8 - 1e-6)
        assert.isAtMost(delay!, base * 1.2 + 1e-6)
      }
      assert.strictEqual(((yield* take(budget, 60_000)) as Array<number>)[0], 1)
    }))

  it.effect.prop(
    "never gives more than its limit within any window of active time, and never less than it may",
    { gaps: Arbitrary.array(int(0, 40)), limit: int(0, 5), within: int(1, 60) },
    ({ gaps, limit, within }) =>
      Effect.gen(function*() {
        const schedule = Schedule.spaced("1 milli")
        const budget = RestartBudget.make(Domain.restartPolicy({ schedule, limit, within }))
        const given: Array<number> = []
        let active = 0
        for (const gap of gaps) {
          active += gap
          // In one go for so long: the budget starts over, which gives the same, for all of it is older.
          const recent = given.filter((at) => active - at < within).length
          const taken = yield* take(budget, gap)
          assert.strictEqual(Array.isArray(taken), recent < limit)
          if (Array.isArray(taken)) given.push(active)
        }
      })
  )
})

/** A verdict on a cause, with what the policy's own code did wrong. */
const ask = Effect.fnUntraced(function*(
  options: Parameters<typeof Domain.restartPolicy>[0],
  cause: Cause.Cause<unknown> = failure
) {
  const asked = yield* Effect.forkChild(RestartBudget.make(Domain.restartPolicy(options)).take(0, cause))
  yield* TestClock.adjust("1 second")
  const verdict = yield* Fiber.join(asked)
  return { verdict: summary(verdict), complaints: verdict.complaints.map(({ text }) => text), full: verdict }
})

const first = (verdict: string | ReadonlyArray<number>) => {
  assert.isArray(verdict)
  assert.strictEqual(verdict[0], 1)
  assert.isAtLeast(verdict[1] as number, 160)
  assert.isAtMost(verdict[1] as number, 240)
}

const stepping = (step: Effect.Effect<unknown, unknown>) =>
  Schedule.fromStep(Effect.succeed(() => step as never)) as Schedule.Schedule<unknown>

const delaying = (delay: unknown) => stepping(Effect.succeed([0, delay]))

describe("a schedule", () => {
  it.effect.each<readonly [string, Schedule.Schedule<unknown>]>([
    ["failed", stepping(Effect.die("no luck"))],
    ["failed", stepping(Effect.fail("no luck"))],
    ["failed", stepping(Effect.interrupt)],
    [
      "failed",
      stepping(Effect.withFiber((fiber) => Effect.andThen(Effect.sync(() => fiber.interruptUnsafe()), Effect.never)))
    ],
    ["failed", stepping(Effect.succeed(undefined))],
    ["failed", Schedule.fromStep(Effect.succeed(() => null as never))],
    ["failed", Schedule.modifyDelay(Schedule.forever, () => Effect.die("no luck"))],
    [
      "failed",
      Schedule.fromStep(Effect.succeed(() => {
        throw new Error("no luck")
      }))
    ],
    ["failed", Schedule.fromStep(Effect.die("no luck"))],
    ["gave no delay within 1s", stepping(Effect.never)],
    ["gave no delay within 1s", stepping(Effect.uninterruptible(Effect.never))],
    ["gave no delay within 1s", stepping(Effect.delay(Effect.succeed([0, Duration.zero]), "1001 millis"))],
    ["gave no delay within 1s", Schedule.fromStep(Effect.never)],
    ["gave a delay of -5 ms", delaying(Duration.millis(-5))],
    ["gave a delay of Infinity ms", delaying(Duration.infinity)],
    ["gave a delay of -Infinity ms", delaying(Duration.negativeInfinity)],
    ["gave a delay of 8640000000000001 ms", delaying(Duration.millis(8_640_000_000_000_001))],
    ["gave a delay of NaN ms", delaying(NaN)],
    ["gave a delay of NaN ms", delaying("soon")]
  ])("that %s is replaced by the default back-off for this restart", ([what, schedule]) =>
    Effect.gen(function*() {
      const { complaints, verdict } = yield* ask({ schedule })
      first(verdict)
      assert.deepStrictEqual(complaints, [`The schedule of its restart policy ${what}; using the default back-off`])
    }))

  it.effect("that failed is told with its cause", () =>
    Effect.gen(function*() {
      const { full } = yield* ask({ schedule: stepping(Effect.die("no luck")) })
      assert.deepStrictEqual(full.complaints[0]!.cause, Cause.die("no luck"))
    }))

  it.effect("that fails again and again is replaced by growing delays, and asked again each time", () =>
    Effect.gen(function*() {
      let asked = 0
      const schedule = stepping(Effect.suspend(() => {
        asked++
        return asked < 5 ? Effect.die("no luck") : Effect.succeed([0, Duration.millis(7)])
      }))
      const budget = RestartBudget.make(Domain.restartPolicy({ schedule }))
      for (const base of [200, 400, 800, 1_600]) {
        const [, delay] = (yield* take(budget)) as Array<number>
        assert.isAtLeast(delay!, base * 0.8)
        assert.isAtMost(delay!, base * 1.2)
      }
      assert.deepStrictEqual(yield* take(budget), [5, 7])
    }))

  it.effect("may take its time, up to 1 second", () =>
    Effect.gen(function*() {
      const schedule = stepping(Effect.delay(Effect.succeed([0, Duration.millis(7)]), "999 millis"))
      const { complaints, verdict } = yield* ask({ schedule })
      assert.deepStrictEqual([verdict, complaints], [[1, 7], []])
    }))

  it.effect("that answers late takes nothing from a budget that was reset meanwhile", () =>
    Effect.gen(function*() {
      let delay: Duration.Input = "500 millis"
      const step = Effect.suspend(() => Effect.delay(Effect.succeed([0, Duration.millis(7)]), delay))
      const budget = RestartBudget.make(Domain.restartPolicy({ schedule: stepping(step), limit: 1 }))
      const late = yield* Effect.forkChild(take(budget), { startImmediately: true })
      budget.reset()
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(yield* Fiber.join(late), [1, 7])
      delay = 0
      const next = yield* Effect.forkChild(take(budget))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* Fiber.join(next), [1, 7])
    }))
})

describe("while", () => {
  const refused = "the `while` of its restart policy refused the cause"

  it.effect("decides by the cause", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const policy = (answer: boolean) => ({
        while: (cause: Cause.Cause<unknown>) => {
          seen.push(cause)
          return answer
        }
      })
      first((yield* ask(policy(true))).verdict)
      const { complaints, verdict } = yield* ask(policy(false))
      assert.deepStrictEqual([verdict, complaints], [refused, []])
      assert.deepStrictEqual(seen, [failure, failure])
    }))

  it.effect.each<readonly [string, () => unknown]>([
    ["threw", () => {
      throw new Error("no luck")
    }],
    ["returned undefined, which is no boolean", () => undefined],
    ["returned null, which is no boolean", () => null],
    ["returned number, which is no boolean", () => 1],
    ["returned object, which is no boolean", () => Promise.resolve(false)],
    ["returned object, which is no boolean", () => Promise.reject(new Error("no luck"))],
    ["returned object, which is no boolean", () =>
      new Proxy({}, {
        get: () => {
          throw new Error("no luck")
        }
      })]
  ])("that %s is replaced by the default", ([what, answer]) =>
    Effect.gen(function*() {
      const { complaints, verdict } = yield* ask({ while: answer as () => boolean })
      first(verdict)
      assert.deepStrictEqual(complaints, [`The \`while\` of its restart policy ${what}; using the default`])
    }))

  it.effect("is not asked once the limit is spent", () =>
    Effect.gen(function*() {
      const { complaints, verdict } = yield* ask({
        limit: 0,
        while: () => {
          throw new Error("no luck")
        }
      })
      assert.deepStrictEqual(complaints, [])
      assert.strictEqual(verdict, "its limit is spent (0 restarts within 1m of being active)")
    }))
})
