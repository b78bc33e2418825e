import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import "../examples/minimal.test.ts"
import { root, start } from "./cli/Process.ts"
import * as HttpLoad from "./support/HttpLoad.ts"

/** The programs that a document shows, by the files of the examples that they are. */
const programsOf = (document: string) =>
  Array.from(
    readFileSync(join(root, document), "utf8").matchAll(/<!-- (.+) -->\n```ts\n([^]*?)```\n/g),
    ([_, file, code]) => [file, code]
  )

describe("docs/testing.md", () => {
  it("shows tests that are a file of the examples, word for word, and are run above", () => {
    const blocks = programsOf("docs/testing.md")
    assert.deepStrictEqual(blocks, [
      ["examples/minimal.test.ts", readFileSync(join(root, "examples/minimal.test.ts"), "utf8")]
    ])
  })
})

describe("docs/supervision.md", () => {
  it("shows an HTTP server that is a file of the examples, word for word", () => {
    assert.deepStrictEqual(programsOf("docs/supervision.md"), [
      ["examples/http-server.ts", readFileSync(join(root, "examples/http-server.ts"), "utf8")]
    ])
  })

  it.live("shows an HTTP server that answers in both ways, and exits 0 after SIGTERM", () =>
    Effect.gen(function*() {
      const port = yield* HttpLoad.freePort
      const program = yield* start(process.execPath, ["examples/http-server.ts"], { env: { PORT: String(port) } })
      yield* program.says("Domain activated: shop")
      yield* program.says("Domain activated: status")
      const answers = yield* Effect.promise(() =>
        Promise.all([HttpLoad.ask(port, "/orders"), HttpLoad.ask(port + 1, "/status")])
      )
      assert.deepStrictEqual(answers.map(({ body, status }) => [status, body]), [[200, "3 orders"], [200, "3 orders"]])
      yield* program.kill("SIGTERM")
      const { code, stderr } = yield* program.ended
      assert.deepStrictEqual([code, stderr], [0, ""])
    }).pipe(Effect.scoped))
})
