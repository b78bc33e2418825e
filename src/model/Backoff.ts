import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/**
 * The delays between attempts, wherever something is tried again: exponential, capped, then jittered by a fifth. Capped
 * first, so that many that wait for the same thing do not all come back at the cap at once.
 */
export const schedule = (options: {
  /** The first delay. */
  readonly from: Duration.Input
  /** The longest delay before the jitter. */
  readonly to: Duration.Input
}): Schedule.Schedule<Duration.Duration> => {
  const to = Duration.fromInputUnsafe(options.to)
  return Schedule.exponential(options.from).pipe(
    Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, to))),
    Schedule.jittered
  )
}
