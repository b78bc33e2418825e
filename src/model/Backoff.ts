import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/**
 * Delays that double from `from` up to `to`, without end. Each is capped first and then varied by a fifth either way, so
 * that programs that failed together do not all try again together, also once they have reached the cap.
 */
export const schedule = (
  { from, to }: { readonly from: Duration.Input; readonly to: Duration.Input }
): Schedule.Schedule<Duration.Duration> => {
  const cap = Duration.fromInputUnsafe(to)
  return Schedule.exponential(from).pipe(
    Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, cap))),
    Schedule.jittered
  )
}
