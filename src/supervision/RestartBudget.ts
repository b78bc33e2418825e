import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { RestartPolicy } from "../model/RestartPolicy.ts"

/** A restart that the budget allows: its number in a row, and the delay before it. */
export interface Attempt {
  readonly attempt: number
  readonly delay: Duration.Duration
}

/** What is left of one domain's restarts. */
export interface RestartBudget {
  /** Takes one restart at `now` (milliseconds); none when the budget is spent or the schedule has ended. */
  readonly take: (now: number) => Effect.Effect<Option.Option<Attempt>>
  /** The domain was active for so long (milliseconds): `within` or more starts everything over. */
  readonly wasActive: (ms: number) => void
  /** A new budget, as after an operation. */
  readonly reset: () => void
}

/** The budget of a policy, unspent. */
export const make = (policy: RestartPolicy | "never"): RestartBudget => {
  if (policy === "never") return { take: () => Effect.succeedNone, wasActive: () => {}, reset: () => {} }
  const withinMs = Duration.toMillis(policy.within)
  let taken: Array<number> = []
  let attempt = 0
  let step: Effect.Success<ReturnType<typeof Schedule.toStep<unknown, unknown, never, never>>> | undefined

  const reset = () => {
    taken = []
    attempt = 0
    step = undefined
  }

  const wasActive = (ms: number) => {
    if (ms >= withinMs) reset()
  }

  const take = Effect.fnUntraced(function*(now: number) {
    taken = taken.filter((at) => now - at < withinMs)
    if (taken.length >= policy.limit) return Option.none<Attempt>()
    step ??= yield* Schedule.toStep(policy.schedule)
    const next = yield* Effect.option(step(now, undefined))
    return Option.map(next, ([, delay]) => {
      taken.push(now)
      return { attempt: ++attempt, delay }
    })
  })

  return { take, wasActive, reset }
}
