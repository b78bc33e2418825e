import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import * as Format from "../../src/control/Format.ts"

describe("Format", () => {
  it.each([
    [0, "0ms"],
    [0.004, "0ms"],
    [0.04, "0.04ms"],
    [0.44, "0.4ms"],
    [9.96, "10ms"],
    [12, "12ms"],
    [999.6, "1s"],
    [1_000, "1s"],
    [1_840, "1.8s"],
    [59_980, "1m"],
    [125_000, "2m 5s"],
    [3_600_000, "1h"],
    [7_500_000, "2h 5m"],
    [273_600_000, "3d 4h"]
  ])("%d ms took %s", (ms, text) => assert.strictEqual(Format.duration(ms), text))

  it.each([[0, "0ms"], [0.44, "0.4ms"], [1_005, "1005ms"], [12_340, "12.34s"]])(
    "%d ms are exactly %s",
    (ms, text) => assert.strictEqual(Format.exactDuration(ms), text)
  )

  it.each([
    [0, "0s"],
    [59_999, "59s"],
    [60_000, "1m"],
    [125_000, "2m 5s"],
    [11_520_000, "3h 12m"],
    [187_200_000, "2d 4h"],
    [-5, "0s"]
  ])(
    "%d ms have passed as %s",
    (ms, text) => assert.strictEqual(Format.elapsed(ms), text)
  )

  it("tells times in UTC and in the zone of the machine", () => {
    const at = DateTime.makeUnsafe("2025-01-31T13:45:09.876Z")
    const local = DateTime.makeUnsafe(new Date(2025, 0, 31, 3, 4, 5))
    assert.deepStrictEqual([Format.dateTime(at), Format.timeOfDay(at)], ["2025-01-31 13:45:09", "13:45:09"])
    assert.deepStrictEqual([Format.dateTime(local, "local"), Format.timeOfDay(local, "local")], [
      "2025-01-31 03:04:05",
      "03:04:05"
    ])
  })

  it("parts thousands, and counts in singular and plural", () => {
    assert.deepStrictEqual([0, 999, 1_000, 1_234_567].map(Format.number), ["0", "999", "1,000", "1,234,567"])
    assert.deepStrictEqual([
      Format.count(1, "domain"),
      Format.count(1_500, "domain"),
      Format.count(2, "crash", "crashes")
    ], ["1 domain", "1,500 domains", "2 crashes"])
  })

  it("shortens a long list of names", () => {
    assert.deepStrictEqual(
      [["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d", "e"]].map((all) => Format.names(all)),
      ["a", "a and b", "a, b and c", "a, b, c and 2 more"]
    )
  })

  it("takes from text whatever a terminal would obey", () => {
    const colours = "\u001b[1;31mError\u001b[0m: a"
    const title = "\u001b]0;owned\u0007b"
    const cursor = "\u001b[2J\u001b[H\u001b7c\u009b2Jd"
    assert.strictEqual(Format.oneLine(`${colours} ${title} ${cursor}`), "Error: a b c2Jd")
    assert.strictEqual(Format.oneLine("user\u202egnp.exe"), "usergnp.exe")
    assert.strictEqual(Format.safe("one\r\n\ttwo\u0007"), "one\n\ttwo")
    assert.strictEqual(Format.firstLine("\n \u001b[0m\n Error: \u001b[31mno\u001b[0m disk\n  at x"), "Error: no disk")
  })

  it.prop("leaves no control character, whatever the text", [Schema.String], ([text]) => {
    assert.notMatch(Format.oneLine(text), /[\p{Cc}\p{Bidi_Control}]/u)
    assert.notMatch(Format.firstLine(text), /[\p{Cc}\p{Bidi_Control}]/u)
    assert.notMatch(Format.safe(text), /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/u)
  })
})
