import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import * as EventFilter from "../../../src/cli/flags/EventFilter.ts"

describe("EventFilter", () => {
  it("reads a tick or a range of ticks, both ends in it", () => {
    const range = (text: string) => {
      const { fromTick, toTick } = Option.getOrThrow(EventFilter.parseTicks(text))
      return [fromTick, toTick]
    }
    assert.deepStrictEqual(range("7"), [7, 8])
    assert.deepStrictEqual(range("7..9"), [7, 10])
    assert.deepStrictEqual(range("7.."), [7, undefined])
    assert.deepStrictEqual(range("..9"), [undefined, 10])
    for (const wrong of ["", "..", "9..7", "-1", "1.5", "a", "1...2", "9".repeat(16)]) {
      assert.isTrue(Option.isNone(EventFilter.parseTicks(wrong)), wrong)
    }
  })

  it.effect("reads a point in time, or how long ago", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse("2025-01-31T13:45:00Z"))
      const iso = (text: string) =>
        Effect.map(
          EventFilter.momentToUtc(Option.getOrThrow(EventFilter.parseMoment(text))),
          (time) => new Date(time.epochMilliseconds).toISOString()
        )
      assert.strictEqual(yield* iso("10m"), "2025-01-31T13:35:00.000Z")
      assert.strictEqual(yield* iso("2025-01-30"), "2025-01-30T00:00:00.000Z")
      assert.strictEqual(yield* iso("2025-01-30T10:00:00+02:00"), "2025-01-30T08:00:00.000Z")
      for (const wrong of ["yesterday", "", "2025-13-45", "-5m"]) {
        assert.isTrue(Option.isNone(EventFilter.parseMoment(wrong)), wrong)
      }
    }))

  it("reads a limit from 1 to 1,000", () => {
    assert.deepStrictEqual(["1", "1000"].map(EventFilter.parseLimit).map(Option.getOrUndefined), [1, 1000])
    for (const wrong of ["0", "1001", "-1", "1.5", ""]) {
      assert.isTrue(Option.isNone(EventFilter.parseLimit(wrong)), wrong)
    }
  })
})
