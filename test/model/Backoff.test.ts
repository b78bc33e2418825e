import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Backoff from "../../src/model/Backoff.ts"

/** The first delays, in milliseconds, by a seed. */
const delays = (count: number, seed: number) =>
  Effect.gen(function*() {
    const step = yield* Schedule.toStep(Backoff.schedule({ from: "200 millis", to: "30 seconds" }))
    return yield* Effect.forEach(
      Array.from({ length: count }),
      () => Effect.map(step(0, undefined), ([, delay]) => Duration.toMillis(delay))
    )
  }).pipe(Random.withSeed(seed))

describe("Backoff", () => {
  it.effect("doubles up to its cap, each delay varied by a fifth either way, without end", () =>
    Effect.gen(function*() {
      for (const [i, delay] of (yield* delays(50, 1)).entries()) {
        const capped = Math.min(200 * 2 ** i, 30_000)
        assert.isAtLeast(delay, capped * 0.8)
        assert.isAtMost(delay, capped * 1.2)
      }
    }))

  it.effect("is varied also at its cap, so that those who failed together do not try again together", () =>
    Effect.gen(function*() {
      const atCap = yield* Effect.forEach(
        [1, 2, 3, 4],
        (seed) => Effect.map(delays(20, seed), (all) => all.at(-1)!)
      )
      assert.strictEqual(new Set(atCap).size, 4)
    }))
})
