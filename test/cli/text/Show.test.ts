import { describe, expect, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Show from "../../../src/cli/text/Show.ts"

describe("Show", () => {
  it.each([[0, "0s"], [59_999, "59s"], [125_000, "2m 5s"], [11_520_000, "3h 12m"], [187_200_000, "2d 4h"], [-5, "0s"]])(
    "%d ms are %s old",
    (ms, text) => expect(Show.age(ms)).toBe(text)
  )

  it.each([[0.44, "0.4ms"], [12, "12ms"], [1_000, "1s"], [1_840, "1.8s"], [59_980, "1m 0s"], [125_000, "2m 5s"]])(
    "%d ms took %s",
    (ms, text) => expect(Show.millis(ms)).toBe(text)
  )

  it("parts thousands", () => {
    expect([0, 999, 1_000, 1_234_567].map(Show.count)).toEqual(["0", "999", "1,000", "1,234,567"])
  })

  it("keeps from the terminal what an error's text would have it do", () => {
    const colours = "\u001b[1;31mError\u001b[0m: a"
    const title = "\u001b]0;owned\u0007b"
    const cursor = "\u001b[2J\u001b[H\u001b7c\u009b2Jd"
    expect(Show.oneLine(`${colours} ${title} ${cursor}`)).toBe("Error: a b c2Jd")
    expect(Show.oneLine("user\u202egnp.exe")).toBe("usergnp.exe")
    expect(Show.safe("one\r\n\ttwo\u0007")).toBe("one\n\ttwo")
  })

  it.prop("leaves no control character, whatever the text", [Schema.String], ([text]) => {
    expect(Show.oneLine(text)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u)
    expect(Show.safe(text)).not.toMatch(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/u)
  })
})
