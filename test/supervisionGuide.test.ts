import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./cli/Process.ts"
import { blame } from "./support/supervisionGuide/blame.ts"
import { bounds } from "./support/supervisionGuide/bounds.ts"
import { restarts } from "./support/supervisionGuide/restarts.ts"
import { services } from "./support/supervisionGuide/services.ts"
import { states } from "./support/supervisionGuide/states.ts"

/** The sentences of a document: those of its paragraphs and list items, and the rows of its tables. */
const sentences = (markdown: string): ReadonlyArray<string> => {
  const prose = markdown.replace(/^```[^]*?^```$/gm, "").replace(/<!--[^]*?-->/g, "")
    .replace(/^#.*$/gm, "").replace(/^\|.*\n\|[-| ]+\|$/gm, "")
  return prose.split(/\n\s*\n|\n(?=- |\||\d+\. )/).flatMap((block) => {
    const text = block.trim().replace(/^(- |\d+\. )/, "").replace(/\s*\n\s*/g, " ")
    if (text.startsWith("|")) return [text]
    return text.split(/(?<=[.!?])\s+(?=[A-Z`*\d])/).filter((sentence) => sentence !== "")
  })
}

/** Whether a file of tests has exactly this text as a string: a title, or a row of a table. */
const shows = (test: string): boolean => {
  const [file, text] = test.split(" › ") as [string, string]
  const path = join(root, "test", file)
  if (!existsSync(path)) return false
  const source = readFileSync(path, "utf8")
  return source.includes(JSON.stringify(text)) || source.includes(`\`${text}\``)
}

describe("docs/supervision.md", () => {
  const table = [states, blame, restarts, bounds, services].flatMap((part) => Object.entries(part))

  it("has a test for each sentence, and no other sentences in its table", () => {
    assert.sameMembers(
      table.map(([sentence]) => sentence),
      Array.from(new Set(sentences(readFileSync(join(root, "docs/supervision.md"), "utf8"))))
    )
  })

  it("is shown by tests that there are", () => {
    for (const [sentence, tests] of table) assert.isNotEmpty(tests, sentence)
    assert.deepStrictEqual(table.flatMap(([, tests]) => tests.filter((test) => !shows(test))), [])
  })
})
