import { assert } from "@effect/vitest"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Compares a picture in letters with the file that has it; with `UPDATE_SCREENS=1` it writes the file. */
export const assertScreen = (folder: string, name: string, text: string): void => {
  const file = join(folder, "screens", name)
  if (process.env["UPDATE_SCREENS"] === "1") writeFileSync(file, text)
  assert.strictEqual(text, readFileSync(file, "utf8"))
}
