import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"

const root = join(import.meta.dirname, "..")

/** The examples in the comments of a file. */
const examplesOf = (file: string): ReadonlyArray<string> =>
  Array.from(
    readFileSync(join(root, file), "utf8").matchAll(/^ *\* ```ts\n([^]*?)^ *\* ```$/gm),
    ([_, body]) => body!.replaceAll(/^ *\* ?/gm, "")
  )

describe("the examples in the comments of src", () => {
  it("compile against the entries of the package", { timeout: 60_000 }, async () => {
    // Within the package, so that its own name is resolved.
    const folder = mkdtempSync(join(root, "test/.examples-"))
    try {
      const examples = globSync("src/**/*.ts", { cwd: root }).toSorted().flatMap((file) =>
        examplesOf(file).map((text, i) => ({
          name: `${file.replaceAll("/", "-").replace(/\.ts$/, "")}-${i + 1}.ts`,
          text
        }))
      )
      assert.isAbove(examples.length, 40)
      for (const { name, text } of examples) writeFileSync(join(folder, name), text)
      const compilerOptions = { noUnusedLocals: false }
      const config = { extends: "../../tsconfig.json", compilerOptions, include: ["*.ts"] }
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config))
      const tsc = join(root, "node_modules/.bin/tsc")
      const { stdout } = await promisify(execFile)(tsc, ["--project", folder]).catch((error) => error)
      assert.strictEqual(stdout, "")
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
