import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Backoff from "../../src/model/Backoff.ts"

const delays = Effect.fnUntraced(function*(attempts: number) {
  const step = yield* Schedule.toStep(Backoff.schedule({ from: "200 millis", to: "30 seconds" }))
  return yield* Effect.forEach(
    Array.from({ length: attempts }, (_, i) => i),
    (now) => Effect.map(step(now, undefined), ([, delay]) => Duration.toMillis(delay))
  )
})

describe("Backoff", () => {
  it.effect("doubles from the first delay to the cap, and goes on without end", () =>
    Effect.gen(function*() {
      const found = yield* delays(2_000)
      for (const [i, delay] of found.entries()) {
        const planned = Math.min(200 * 2 ** i, 30_000)
        assert.isAtLeast(delay, planned * 0.8 - 1e-6)
        assert.isAtMost(delay, planned * 1.2 + 1e-6)
      }
    }))

  it.effect("jitters also at the cap, so that many do not come back at once", () =>
    Effect.gen(function*() {
      const atCap = new Set((yield* delays(50)).slice(10))
      assert.isAbove(atCap.size, 30)
    }))
})
