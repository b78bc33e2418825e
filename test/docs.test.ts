import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import "../examples/minimal.test.ts"
import { root } from "./cli/Process.ts"

describe("docs/testing.md", () => {
  const text = readFileSync(join(root, "docs/testing.md"), "utf8")

  it("shows tests that are a file of the examples, word for word, and are run above", () => {
    const blocks = Array.from(text.matchAll(/<!-- (.+) -->\n```ts\n([^]*?)```\n/g), ([_, file, code]) => [file, code])
    assert.deepStrictEqual(blocks, [
      ["examples/minimal.test.ts", readFileSync(join(root, "examples/minimal.test.ts"), "utf8")]
    ])
  })
})
