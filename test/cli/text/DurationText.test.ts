import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Interval from "../../../src/cli/flags/Interval.ts"
import * as DurationText from "../../../src/cli/text/DurationText.ts"

const millisOf = (text: string) => Option.getOrUndefined(Option.map(DurationText.parse(text), Duration.toMillis))

describe("DurationText", () => {
  it("reads what people type", () => {
    assert.deepStrictEqual(["1 second", "1s", "500ms", "250", "1.5 minutes", " 2H ", "7 days", "0"].map(millisOf), [
      1000,
      1000,
      500,
      250,
      90_000,
      7_200_000,
      604_800_000,
      0
    ])
  })

  it("understands nothing else", () => {
    for (const text of ["", "abc", "-5", "+5", "1 fortnight", "1s2", "Infinity", "NaN", "1e3", "1,5s", "0x10", "ms"]) {
      assert.isUndefined(millisOf(text), text)
    }
  })

  it.prop(
    "reads a bare number as that many milliseconds, and the same number of seconds as a thousand times that",
    [Schema.Natural],
    ([n]) => {
      assert.strictEqual(millisOf(String(n)), n)
      assert.strictEqual(millisOf(`${n}s`), n * 1000)
    }
  )
})

describe("Interval", () => {
  it("lies between one millisecond and one day", () => {
    assert.deepStrictEqual(
      ["0", "0.5ms", "1ms", "1 day", "86400001", "2 days"].map((text) => Option.isSome(Interval.parse(text))),
      [false, false, true, true, false, false]
    )
  })
})
