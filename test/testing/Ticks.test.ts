import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as Domain from "../../src/model/Domain.ts"
import * as Ticks from "../../src/testing/Ticks.ts"
import * as Thunderline from "../../src/Thunderline.ts"

const slow = Domain.make("slow", { layer: Layer.effectDiscard(Effect.sleep("1 second")) })
const later = Domain.make("later", { layer: Layer.empty, activationTick: 2 })

describe("Ticks", () => {
  it.effect("come one by one, and what needs time waits for it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Ticks.states, { slow: "waiting", later: "waiting" })
      assert.strictEqual((yield* Ticks.send).count, 1)
      assert.deepStrictEqual(yield* Ticks.states, { slow: "activating", later: "waiting" })
      yield* Ticks.send
      yield* TestClock.adjust("1 second")
      yield* Ticks.awaitStates({ slow: "active", later: "active" })
    }).pipe(Effect.provide(Thunderline.layerTest({ domains: [slow, later] }))))

  it.effect("tell which domains are elsewhere, and what they may lack", () =>
    Effect.gen(function*() {
      yield* Ticks.send
      const error = yield* Effect.flip(Ticks.awaitStates({ slow: "active", later: "waiting", other: "active" }))
      assert.strictEqual(
        error.message,
        "slow is activating, not active; other is not there, not active " +
          "(time passes only by TestClock.adjust, ticks come only by Ticks.send)"
      )
    }).pipe(Effect.provide(Thunderline.layerTest({ domains: [slow, later] }))))
})
