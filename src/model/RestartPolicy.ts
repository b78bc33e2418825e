import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import type * as Schedule from "effect/Schedule"
import * as Backoff from "./Backoff.ts"

/** Whether, how often and after which delays a crashed domain restarts. */
export interface RestartPolicy {
  readonly schedule: Schedule.Schedule<unknown>
  /** `Infinity` where there is no limit. */
  readonly limit: number
  /** As it was given; `DomainGraph.make` checks it. */
  readonly within: Duration.Input
  readonly while: (cause: Cause.Cause<unknown>) => boolean
}

/** The cap of the default back-off, before the jitter. */
export const longestDelay: Duration.Duration = Duration.seconds(30)

/** Exponential from 200 ms, capped at 30 s, then jittered; without end. */
export const defaultSchedule: Schedule.Schedule<unknown> = Backoff.schedule({ from: "200 millis", to: longestDelay })

/** How many errors of one cause are looked at. A longer chain of errors, or a circle, is not followed further. */
const errorsLookedAt = 100

/** What an error was caused by. */
const causesOf = (error: unknown): ReadonlyArray<unknown> => {
  if (Cause.isCause(error)) {
    return error.reasons.slice(0, errorsLookedAt).map((reason) =>
      Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined
    )
  }
  if (typeof error !== "object" || error === null) return []
  const { cause, errors } = error as { readonly cause?: unknown; readonly errors?: unknown }
  return Array.isArray(errors) ? [cause, ...errors.slice(0, errorsLookedAt)] : [cause]
}

/**
 * The default of `while`: false for a cause that holds a `ConfigError`, as failure, as defect or as the `cause` of
 * another error. Configuration that is wrong stays wrong, however often it is read.
 */
export const isRetryable = (cause: Cause.Cause<unknown>): boolean => {
  const errors: Array<unknown> = [cause]
  for (let i = 0; i < errors.length && i < errorsLookedAt; i++) {
    try {
      if (errors[i] instanceof Config.ConfigError) return false
      errors.push(...causesOf(errors[i]))
    } catch {
      // An error that throws when it is looked at holds nothing that can be found.
    }
  }
  return true
}

/** Makes a restart policy; `Domain.restartPolicy` says what the options mean. */
export const make = (options?: {
  readonly schedule?: Schedule.Schedule<unknown> | undefined
  readonly limit?: number | undefined
  readonly within?: Duration.Input | undefined
  readonly while?: ((cause: Cause.Cause<unknown>) => boolean) | undefined
}): RestartPolicy => ({
  schedule: options?.schedule ?? defaultSchedule,
  limit: options?.limit ?? Infinity,
  within: options?.within ?? "1 minute",
  while: options?.while ?? isRetryable
})
