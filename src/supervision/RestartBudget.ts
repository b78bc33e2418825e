import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import { attempt } from "../model/ForeignValue.ts"
import * as RestartPolicy from "../model/RestartPolicy.ts"

/** What becomes of a crashed domain. */
export type Decision = Data.TaggedEnum<{
  /** It restarts: the number of the attempt in a row, and the delay before it. */
  Restart: { readonly attempt: number; readonly delay: Duration.Duration }
  /** It stays crashed, and why. */
  GiveUp: { readonly why: string }
}>
export const Decision = Data.taggedEnum<Decision>()

/** What users' code in a policy did wrong. The default stood in for it. */
export interface Complaint {
  readonly text: string
  readonly cause: Cause.Cause<unknown>
}

/** A policy's decision after a crash. */
export interface Verdict {
  readonly decision: Decision
  readonly complaints: ReadonlyArray<Complaint>
}

/** What is left of one domain's restarts. */
export interface RestartBudget {
  /**
   * Asks the policy at `now` (milliseconds since the epoch), and takes one restart if it allows one. It answers at once
   * unless the schedule does not, and within 1 second whatever the schedule does.
   */
  readonly take: (now: number, cause: Cause.Cause<unknown>) => Effect.Effect<Verdict>
  /** The domain was active for so long (milliseconds) in one go: `within` or more starts everything over. */
  readonly wasActive: (ms: number) => void
  /** A new budget, as after an operation. */
  readonly reset: () => void
}

/** How long a schedule may take to give the next delay. */
const answerTimeout = Duration.seconds(1)

/** The last moment that a date can hold, in milliseconds since the epoch. */
const latest = 8.64e15

/** Gives the next delay of a schedule in milliseconds, and fails with `Done` at its end. */
type Delays = (now: number) => Effect.Effect<number, unknown>

const delaysOf = (schedule: Schedule.Schedule<unknown>): Delays => {
  let step: Effect.Success<ReturnType<typeof Schedule.toStep<unknown, unknown, never, never>>> | undefined
  return Effect.fnUntraced(function*(now) {
    step ??= yield* Schedule.toStep(schedule)
    const [, delay] = yield* step(now, undefined)
    return Duration.isDuration(delay) ? Duration.toMillis(delay) : NaN
  })
}

/** What a schedule that is asked for its next delay does. */
type Answer = Data.TaggedEnum<{
  Delay: { readonly delay: Duration.Duration }
  Ended: {}
  Failed: Complaint
}>
const Answer = Data.taggedEnum<Answer>()

/** Asks a schedule in a fiber of its own, which is abandoned when it exceeds the limit. */
const ask = Effect.fnUntraced(function*(delays: Delays, now: number): Effect.fn.Return<Answer> {
  // Its failure is an answer, and no failed fiber that somebody would have to log.
  const fiber = yield* Effect.forkDetach(Effect.exit(delays(now)), { startImmediately: true })
  const answer = yield* Effect.timeoutOption(Fiber.await(fiber), answerTimeout)
  const wrong = (what: string, cause: Cause.Cause<unknown> = Cause.empty) =>
    Answer.Failed({ text: `The schedule of its restart policy ${what}; using the default back-off`, cause })
  if (Option.isNone(answer)) {
    fiber.interruptUnsafe()
    return wrong(`gave no delay within ${Duration.format(answerTimeout)}`)
  }
  const exit = yield* Effect.exit(Effect.flatten(answer.value))
  if (Exit.isFailure(exit)) {
    return attempt(() => Pull.isDoneCause(exit.cause), false) ? Answer.Ended() : wrong("failed", exit.cause)
  }
  const ms = exit.value
  return ms >= 0 && now + ms <= latest
    ? Answer.Delay({ delay: Duration.millis(Math.round(ms)) })
    : wrong(`gave a delay of ${ms} ms`)
})

/** Why a policy does not restart after a cause, if it does not. */
const refusal = (
  policy: RestartPolicy.RestartPolicy,
  cause: Cause.Cause<unknown>,
  complaints: Array<Complaint>
): string | undefined => {
  const wrong = (what: string, thrown: Cause.Cause<unknown>) =>
    complaints.push({ text: `The \`while\` of its restart policy ${what}; using the default`, cause: thrown })
  if (policy.while !== RestartPolicy.isRetryable) {
    try {
      const answer: unknown = policy.while(cause)
      if (typeof answer === "boolean") return answer ? undefined : "the `while` of its restart policy refused the cause"
      wrong(`returned ${answer === null ? "null" : typeof answer}, which is no boolean`, Cause.empty)
      // The promise of an async `while` must not end the process when it rejects.
      Promise.resolve(answer).catch(() => {})
    } catch (error) {
      wrong("threw", Cause.die(error))
    }
  }
  return RestartPolicy.isRetryable(cause) ? undefined : "its cause holds a ConfigError, which a restart does not mend"
}

/** The budget of a domain since it was new, from its first crash on. */
const unspent = ({ schedule }: RestartPolicy.RestartPolicy) => ({
  /** How long the domain has been active. */
  activeMs: 0,
  /** After how much active time restarts were taken. */
  taken: new Array<number>(),
  attempt: 0,
  delays: delaysOf(schedule),
  /** Stands in for `delays` where it fails. */
  defaultDelays: delaysOf(RestartPolicy.defaultSchedule)
})

/** The budget of a policy, unspent. */
export const make = (policy: RestartPolicy.RestartPolicy | "never"): RestartBudget => {
  if (policy === "never") {
    const decision = Decision.GiveUp({ why: "its restart policy is \"never\"" })
    return { take: () => Effect.succeed({ decision, complaints: [] }), wasActive: () => {}, reset: () => {} }
  }
  const { limit } = policy
  const within = Duration.fromInputUnsafe(policy.within)
  const withinMs = Duration.toMillis(within)
  let left: ReturnType<typeof unspent> | undefined

  const reset = () => {
    left = undefined
  }

  const wasActive = (ms: number) => {
    if (left !== undefined) left.activeMs += ms
    if (ms >= withinMs) reset()
  }

  const take = Effect.fnUntraced(function*(now: number, cause: Cause.Cause<unknown>) {
    // A schedule that answers late takes nothing from a budget that is new by then.
    const budget = left ??= unspent(policy)
    const complaints: Array<Complaint> = []
    const giveUp = (why: string): Verdict => ({ decision: Decision.GiveUp({ why }), complaints })
    budget.taken = budget.taken.filter((at) => budget.activeMs - at < withinMs)
    if (budget.taken.length >= limit) {
      const restarts = limit === 1 ? "1 restart" : `${limit} restarts`
      return giveUp(`its limit is spent (${restarts} within ${Duration.format(within)} of being active)`)
    }
    const refused = refusal(policy, cause, complaints)
    if (refused !== undefined) return giveUp(refused)
    let answer = yield* ask(budget.delays, now)
    if (answer._tag === "Failed") {
      complaints.push(answer)
      answer = yield* ask(budget.defaultDelays, now)
    }
    if (answer._tag === "Ended") return giveUp("the schedule of its restart policy has ended")
    if (limit !== Infinity) budget.taken.push(budget.activeMs)
    // The default fails only where the application's own random numbers do.
    const delay = answer._tag === "Delay" ? answer.delay : RestartPolicy.longestDelay
    return { decision: Decision.Restart({ attempt: ++budget.attempt, delay }), complaints }
  })

  return { take, wasActive, reset }
}
