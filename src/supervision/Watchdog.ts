import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { Tick } from "../model/Tick.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"

/** Late by more than half an interval: the event loop is blocked, and silence says nothing about a domain. */
export const isSuspended = (tick: Tick): boolean =>
  Duration.toMillis(tick.lateness) > Duration.toMillis(tick.interval) / 2

/** Whether silence is being judged, since which slot not, and whether that has been said. */
type Watchdog = Data.TaggedEnum<{ watching: {}; suspended: { readonly slot: number }; told: {} }>
const Watchdog = Data.taggedEnum<Watchdog>()

/** For how many intervals the watchdog may be suspended before that is said. */
const toldAfter = 10

/**
 * Looks at every tick and says once an episode when no silence has been judged for ten intervals, since a silent domain
 * would go unnoticed.
 */
export const make = (): (tick: Tick) => Effect.Effect<void> => {
  const suspended = Telemetry.counter("thunderline.watchdog.suspended")
  let state: Watchdog = Watchdog.watching()
  return Effect.fnUntraced(function*(tick: Tick) {
    yield* Metric.update(suspended, isSuspended(tick) ? 1 : 0)
    if (!isSuspended(tick)) state = Watchdog.watching()
    else if (state._tag === "watching") state = Watchdog.suspended({ slot: tick.slot })
    else if (state._tag === "suspended" && tick.slot - state.slot >= toldAfter) {
      state = Watchdog.told()
      yield* Effect.logWarning(
        `[Supervisor] The heartbeat has been late for ${toldAfter} intervals: no domain is taken for silent meanwhile`
      ).pipe(
        Effect.annotateLogs({ tick: tick.count, lateness: Duration.format(tick.lateness) }),
        Telemetry.event("thunderline.watchdog.suspended")
      )
    }
  })
}
