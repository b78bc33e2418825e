import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { RepoWriter } from "./RepoWriter.ts"

/** How many transitions one statement removes, the pause after it, and how often old transitions are removed. */
const batch = 1_000
const pause = "100 millis"
const period = "1 hour"

/** Removes older transitions a little at a time, so that no statement blocks the writer for long. */
const sweep = (age: Duration.Input) =>
  Effect.gen(function*() {
    const writer = yield* RepoWriter
    const before = DateTime.subtractDuration(yield* DateTime.now, age)
    let removed = 0
    while (true) {
      const some = yield* writer.prune(before, batch)
      removed += some
      if (some < batch) break
      yield* Effect.sleep(pause)
    }
    if (removed > 0) {
      yield* Effect.logInfo(`[Retention] Removed ${removed} transitions from before ${DateTime.formatIso(before)}`)
    }
  }).pipe(Effect.catch((error) => Effect.logWarning(`[Retention] ${error.message}; trying again in an hour`)))

/** Keeps transitions for `age` and removes older ones, at the start and every hour. Without an age all are kept. */
export const layer = (age: Duration.Input | undefined): Layer.Layer<never, never, RepoWriter> =>
  age === undefined
    ? Layer.empty
    : Layer.effectDiscard(Effect.forkScoped(Effect.forever(Effect.andThen(sweep(age), Effect.sleep(period)))))
