import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"

/** Calls something once after a delay, unless it is cancelled before. */
export interface Timer {
  readonly start: () => void
  readonly cancel: () => void
}

/** A timer on the clock of the fibers that `fork` makes, not yet started. */
export const make = (
  fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>,
  delay: Duration.Duration,
  elapsed: () => void
): Timer => {
  let fiber: Fiber.Fiber<void> | undefined
  let cancelled = false
  return {
    start: () => {
      if (cancelled) return
      fiber = fork(Effect.sleep(delay))
      fiber.addObserver((exit) => {
        if (Exit.isSuccess(exit) && !cancelled) elapsed()
      })
    },
    cancel: () => {
      cancelled = true
      fiber?.interruptUnsafe()
    }
  }
}
