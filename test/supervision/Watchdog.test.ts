import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as Watchdog from "../../src/supervision/Watchdog.ts"
import * as LogLines from "../support/LogLines.ts"
import { tick } from "../support/values.ts"

const late = (slot: number) => tick(slot, { slot, interval: Duration.seconds(1), lateness: Duration.millis(600) })
const onTime = (slot: number) => tick(slot, { slot, interval: Duration.seconds(1), lateness: Duration.millis(500) })

describe("Watchdog", () => {
  it("is suspended by a tick that is later than half an interval", () => {
    assert.isTrue(Watchdog.isSuspended(late(1)))
    assert.isFalse(Watchdog.isSuspended(onTime(1)))
  })

  it.effect("says once an episode that it has been suspended for ten intervals", () =>
    Effect.gen(function*() {
      const watchdog = Watchdog.make()
      const log = yield* LogLines.LogLines
      for (let slot = 1; slot <= 10; slot++) yield* watchdog(late(slot))
      assert.strictEqual(log.lines.length, 0)
      for (let slot = 11; slot <= 30; slot++) yield* watchdog(late(slot))
      assert.deepStrictEqual(log.texts(), [
        "[Supervisor] The heartbeat has been late for 10 intervals: no domain is taken for silent meanwhile"
      ])
      yield* watchdog(onTime(31))
      for (let slot = 32; slot <= 41; slot++) yield* watchdog(late(slot))
      assert.strictEqual(log.lines.length, 1)
      yield* watchdog(late(60))
      assert.strictEqual(log.lines.length, 2)
    }).pipe(Effect.provide(LogLines.layer)))
})
