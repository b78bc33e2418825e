import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/**
 * A clock that moves only while somebody sleeps on it, and by hand: each sleep takes as long as it was asked for and the
 * next of `overruns` on top, in milliseconds. When those are used up, it stands still.
 */
export const make = (overruns: ReadonlyArray<number>) => {
  const left = overruns.toReversed()
  const state = { now: 1_000_000, asleep: false }
  const millis = () => state.now
  const nanos = () => BigInt(Math.round(state.now * 1e6))
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    sleep: (duration) =>
      Effect.suspend(() => {
        const overrun = left.pop()
        if (overrun === undefined) {
          state.asleep = true
          return Effect.never
        }
        state.now += Duration.toMillis(duration) + overrun
        return Effect.yieldNow
      })
  }
  return {
    provide: Effect.provideService(Clock.Clock, clock),
    now: millis,
    /** Time passes while nobody sleeps: something holds up the event loop. */
    pass: (ms: number) => {
      state.now += ms
    },
    asleep: () => state.asleep
  }
}
