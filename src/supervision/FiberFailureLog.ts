import type * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Telemetry from "../telemetry/Telemetry.ts"
import * as DomainLog from "./DomainLog.ts"

/** A failure of a fiber that nobody looked at, which is no failure of its domain. */
export interface Unclaimed {
  readonly domain: string
  readonly tick: number
  readonly cause: Cause.Cause<unknown>
  /** Where the fiber was forked. */
  readonly place: string
}

/** The time in which one place of a domain is logged once, in milliseconds. */
const quiet = 60_000

/** How many places are remembered. */
const places = 1_000

/** Counts such failures, and logs each place of a domain once a minute, with how many were not logged since. */
export const make = ({ clock, domains, fork, services }: {
  readonly domains: ReadonlyArray<string>
  readonly clock: Clock.Clock
  readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  readonly services: Context.Context<never>
}): (failure: Unclaimed) => void => {
  const logged = new Map<string, { readonly at: number; unlogged: number }>()
  const count = (domain: string, failures: number) =>
    Telemetry.update(
      Telemetry.counter("thunderline.domain.fiber.failures", { [Telemetry.attribute.domain]: domain }),
      failures,
      services
    )
  // A series that begins with its first failure would not show that one as an increase.
  for (const domain of domains) count(domain, 0)
  return ({ cause, domain, place, tick }) => {
    count(domain, 1)
    const now = clock.currentTimeMillisUnsafe()
    const key = `${domain} ${place}`
    const last = logged.get(key)
    if (last !== undefined && now - last.at < quiet) return void last.unlogged++
    logged.delete(key)
    logged.set(key, { at: now, unlogged: 0 })
    if (logged.size > places) logged.delete(logged.keys().next().value!)
    const unlogged = last?.unlogged ?? 0
    const more = unlogged === 0 ? "" : `; ${unlogged} more since it was last logged`
    fork(
      Effect.logError(
        `${
          DomainLog.label({ domain: { name: domain } })
        } A fiber failed and nobody awaited it, forked in ${place}${more}`,
        cause
      ).pipe(
        Effect.annotateLogs({ domain, tick }),
        Telemetry.event("thunderline.domain.fiber_failed", { place, unlogged })
      )
    )
  }
}
