import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { hanging, wrap } from "../../../src/cli/text/Wrap.ts"

const Words = Schema.Array(Schema.Literals(["a", "of", "word", "thunderline", "an-uncommonly-long-word", "--flag"]))
const Width = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 }))

describe("wrap", () => {
  it.prop(
    "keeps all words in order, and no line is longer than it may be unless a word is",
    [Words, Width],
    ([words, width]) => {
      const lines = wrap(words.join(" "), width)
      assert.deepStrictEqual(lines.join(" ").split(" ").filter((word) => word !== ""), [...words])
      assert.isTrue(lines.every((line) => line.length <= width || !line.includes(" ")))
    }
  )

  it("indents what goes on, and leaves text in a file or pipe as it is", () => {
    assert.strictEqual(hanging("one two three four five six", 22), "one two three four\n  five six")
    assert.strictEqual(
      hanging("  run  one two three four five", 24, "       "),
      "  run one two three\n       four five"
    )
    assert.strictEqual(hanging("one two three four five six", undefined), "one two three four five six")
  })
})
