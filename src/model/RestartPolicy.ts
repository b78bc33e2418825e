import * as Duration from "effect/Duration"
import type * as Schedule from "effect/Schedule"
import * as Backoff from "./Backoff.ts"

/** How often, and after which delays, a crashed domain restarts. */
export interface RestartPolicy {
  readonly schedule: Schedule.Schedule<unknown>
  readonly limit: number
  readonly within: Duration.Duration
}

/** Exponential from 200 ms, capped at 30 s, then jittered. */
export const defaultSchedule: Schedule.Schedule<unknown> = Backoff.schedule({ from: "200 millis", to: "30 seconds" })

/**
 * A restart policy: at most `limit` restarts (default 5) within `within` (default 1 minute), each after the next delay
 * of `schedule` (default: exponential from 200 ms, capped at 30 s, then jittered).
 *
 * The delays start over once the domain has been active for `within`. The budget is the domain's own: a sibling that
 * keeps crashing never uses it up.
 */
export const make = (options?: {
  readonly schedule?: Schedule.Schedule<unknown> | undefined
  readonly limit?: number | undefined
  readonly within?: Duration.Input | undefined
}): RestartPolicy => ({
  schedule: options?.schedule ?? defaultSchedule,
  limit: options?.limit ?? 5,
  within: Duration.fromInputUnsafe(options?.within ?? "1 minute")
})
