import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { difference } from "../../../src/cli/watch/Screen.ts"

const columns = 8

/** What a terminal makes of the text: it knows moves to a line's beginning, erasing to its end, and letters. */
const terminal = (before: ReadonlyArray<string>, text: string): ReadonlyArray<string> => {
  const cells = before.map((line) => Array.from(line.padEnd(columns)))
  let [row, column] = [0, 0]
  // oxlint-disable-next-line no-control-regex
  for (const [_, parameter, final, letter] of text.matchAll(/\u001b\[([0-9;?]*)([A-Za-z])|([^\u001b])/g)) {
    if (letter !== undefined) {
      cells[row]![Math.min(column, columns - 1)] = letter
      column++
    } else if (final === "H") [row, column] = [Number(parameter!.split(";")[0]) - 1, 0]
    // After the last cell the cursor still stands on it.
    else if (final === "K") cells[row]!.fill(" ", Math.min(column, columns - 1))
  }
  return cells.map((line) => line.join("").trimEnd())
}

const Line = Schema.Literals(["", "a", "abc", "abcdefgh", "xyz", "xy zabcd"])
const Picture = Schema.Tuple([Line, Line, Line])

describe("Screen.difference", () => {
  it.prop("turns any picture into any other", [Picture, Picture], ([before, after]) => {
    assert.deepStrictEqual(terminal(before, difference(before, after, columns)), after)
  })

  it("writes only the lines that differ, and nothing when none does", () => {
    assert.strictEqual(difference(["one", "two"], ["one", "two"], columns), "")
    const text = difference(["one", "two", "three"], ["one", "2", "three"], columns)
    assert.include(text, "[2;1H")
    assert.notMatch(text, /one|three/)
  })
})
