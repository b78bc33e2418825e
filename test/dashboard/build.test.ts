import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"

const folder = new URL("../../dashboard/", import.meta.url).pathname

const vite = new URL("../../node_modules/vite/bin/vite.js", import.meta.url).pathname

/** The files of a folder and their text. */
const files = async (root: string) => {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort()
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path.slice(root.length + 1), await readFile(path, "utf8")] as const))
  )
}

describe("the built dashboard", () => {
  it("is what its source builds: otherwise run `npm run build:dashboard`", async () => {
    const outDir = await mkdtemp(join(tmpdir(), "thunderline-dashboard-"))
    try {
      const args = ["build", "--config", join(folder, "vite.config.ts"), "--outDir", outDir, "--emptyOutDir"]
      const env = { ...process.env, NODE_ENV: "production" }
      await promisify(execFile)(process.execPath, [vite, ...args], { env })
      const [built, committed] = await Promise.all([files(outDir), files(join(folder, "dist"))])
      assert.deepStrictEqual(Object.keys(committed), Object.keys(built))
      for (const [path, text] of Object.entries(built)) {
        // Compared as a whole: the difference of two minified files tells nothing.
        assert.isTrue(committed[path] === text, `${path} is another`)
      }
    } finally {
      await rm(outDir, { recursive: true })
    }
  })

  it("has nothing in its page that the server's policy forbids, and is small", async () => {
    const { "index.html": page, ...rest } = await files(join(folder, "dist"))
    assert.notMatch(page, /<style|style=|<script(?![^>]* src=)|\son[a-z]+=|https?:/)
    const size = Object.values(rest).reduce((sum, text) => sum + gzipSync(text).length, 0)
    assert.isBelow(size, 180_000)
  })
})
