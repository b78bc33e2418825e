import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { layer } from "../../src/trail/Outbox.ts"
import * as TrailStatus from "../../src/trail/TrailStatus.ts"
import { awaitState, settle } from "../support/awaitState.ts"
import * as FaultyRepo from "../support/FaultyRepo.ts"
import * as LogLines from "../support/LogLines.ts"

import { events, ids, trail, wholeOutbox } from "../support/outbox.ts"

const { Faults } = FaultyRepo

describe("Outbox, at its end", () => {
  it.effect("writes what it holds when its scope closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(layer({ batchSize: 2 }), scope)
      const { offer } = yield* Effect.provideContext(wholeOutbox, context)
      offer(events(1, 5))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* trail, ids(1, 5))
      const { attempts } = yield* Faults
      offer(events(6, 6))
      yield* settle
      assert.strictEqual((yield* Faults).attempts, attempts)
    }).pipe(Effect.provide(Layer.merge(FaultyRepo.layer, TrailStatus.layer))))

  for (const fault of ["down", "frozen"] as const) {
    it.effect(`ends in its time with the database ${fault}, and says what it could not write`, () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const faults = yield* Faults
        const { texts } = yield* LogLines.LogLines
        const context = yield* Layer.buildWithScope(layer({ batchSize: 2, flushTimeout: "3 seconds" }), scope)
        const { offer, stats } = yield* Effect.provideContext(wholeOutbox, context)
        offer(events(1, 2))
        yield* awaitState("they are written", Effect.map(stats, ({ written }) => written === 2))
        faults[fault] = true
        offer(events(3, 7))
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
        yield* TestClock.adjust("2999 millis")
        assert.isUndefined(closing.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        yield* awaitState("it is closed", Effect.sync(() => closing.pollUnsafe() !== undefined))
        assert.include(texts(), "[Outbox] Shutdown: 5 transitions could not be written, of: one")
        assert.deepStrictEqual(yield* trail, ids(1, 2))
        faults.frozen = false
      }).pipe(Effect.provide(Layer.mergeAll(FaultyRepo.layer, TrailStatus.layer, LogLines.layer))))
  }
})
