import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Loop from "../telemetry/Loop.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"

/** What a source of ticks may do: send the tick of a slot, and say that earlier slots were skipped. */
export interface Beat {
  readonly send: (slot: number, lateness: Duration.Duration) => Effect.Effect<unknown>
  readonly skip: (slots: number) => void
}

/** Decides when ticks are sent. `start` runs when every domain waits for its gate; it ends with the scope. */
export interface TickSource {
  readonly start: (beat: Beat) => Effect.Effect<void, never, Scope.Scope>
}

/**
 * Slot n is due at start + n intervals on the monotonic clock, so the beat never drifts. A beat that could not be sent
 * within its interval is skipped and counted, not sent in a burst.
 */
export const clock = (options: {
  readonly interval: Duration.Duration
  readonly firstTick: "interval" | "immediate"
}): TickSource => ({
  start: Effect.fnUntraced(function*({ send, skip }) {
    const intervalMs = Duration.toMillis(options.interval)
    yield* Effect.log(`[TickGenerator] Started with ${intervalMs}ms interval`).pipe(
      Telemetry.event("thunderline.heartbeat.started")
    )
    const clock = yield* Clock.Clock
    const start = clock.monotonicTimeNanosUnsafe()
    let next = options.firstTick === "immediate" ? 0 : 1
    const beat = Effect.suspend(() => {
      const elapsed = Number(clock.monotonicTimeNanosUnsafe() - start) / 1e6
      const early = next * intervalMs - elapsed
      if (early > 0) return Effect.sleep(Duration.millis(early))
      const missed = Math.floor(-early / intervalMs)
      if (missed > 0) skip(missed)
      const slot = next + missed
      next = slot + 1
      return send(slot, Duration.millis(elapsed - slot * intervalMs))
    })
    yield* Loop.supervised("heartbeat", Effect.forever(beat, { disableYield: true }))
  })
})

/** Sends nothing by itself: ticks come from `TickGenerator.emit` alone. */
export const manual: TickSource = { start: () => Effect.void }
