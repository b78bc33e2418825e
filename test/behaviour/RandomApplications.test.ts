import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { check, edges } from "./randomApplication.ts"

const root = resolve(import.meta.dirname, "../..")

/** The program with a bug planted: every `find` stands in its file exactly once. */
const plant = Effect.fnUntraced(function*(
  bugs: ReadonlyArray<{ readonly file: string; readonly find: string; readonly replace: string }>
) {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "thunderline-bug-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  )
  cpSync(join(root, "src"), join(folder, "src"), { recursive: true })
  cpSync(join(root, "test/behaviour"), join(folder, "test/behaviour"), { recursive: true })
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
  for (const { file, find, replace } of bugs) {
    const path = join(folder, "src", file)
    const parts = readFileSync(path, "utf8").split(find)
    assert.strictEqual(parts.length, 2, `${file} holds once: ${find}`)
    writeFileSync(path, parts.join(replace))
  }
  const url = pathToFileURL(join(folder, "test/behaviour/randomApplication.ts")).href
  return yield* Effect.promise(() => import(url) as Promise<{ readonly check: typeof check }>)
})

describe("the model", () => {
  it.live(
    "4,000 random graphs, policies, faults and operations break no law and take every edge at least 50 times",
    () =>
      Effect.gen(function*() {
        const coverage = new Map<string, number>(edges.map((edge) => [edge, 0]))
        const result = yield* check(4000, (edge) => coverage.set(edge, (coverage.get(edge) ?? 0) + 1))
        assert.isUndefined(Arbitrary.formatCheckFailure(result))
        const taken = Array.from(coverage).sort((a, b) => a[1] - b[1])
        console.log(taken.map(([edge, times]) => `${String(times).padStart(7)}  ${edge}`).join("\n"))
        assert.deepStrictEqual(taken.filter(([, times]) => times < 50), [])
      }),
    300_000
  )

  for (
    const [bug, changes] of Object.entries({
      "dependants left active": [
        {
          file: "supervision/Cascade.ts",
          find: "const down = sharers(state, domain)",
          replace: "const down: Array<Live> = []"
        }
      ],
      "budget never reset": [
        { file: "supervision/RestartBudget.ts", find: "if (ms >= withinMs) reset()", replace: "" }
      ],
      "tick answered twice": [
        {
          file: "supervision/TickReceiver.ts",
          find: "call(newest)",
          replace: "call(newest)\n    call(newest)"
        }
      ],
      "stale generation used": [
        { file: "supervision/Generation.ts", find: "yield* Fiber.interruptAll(running)", replace: "" }
      ],
      "restart after shutdown": [
        {
          file: "supervision/DomainGate.ts",
          find: "state.stopping || ",
          replace: ""
        },
        {
          file: "supervision/Shutdown.ts",
          find: "&& status._tag !== \"inactive\" &&",
          replace: "&& status._tag !== \"inactive\" && status._tag !== \"restarting\" &&"
        }
      ]
    })
  ) {
    it.live(`finds the bug planted: ${bug}`, () =>
      Effect.gen(function*() {
        const planted = yield* plant(changes)
        const result = yield* planted.check(4000, () => {})
        assert.strictEqual(result._tag, "Falsified")
        if (result._tag === "Falsified" && result.failure._tag === "PropertyError") {
          console.log(`${bug}: after ${result.runs} runs: ${result.failure.error}`)
        }
      }), 120_000)
  }
})
