import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import packageJson from "../../package.json" with { type: "json" }
import { appText, folder, run } from "./Process.ts"

/** One clear line on standard error, nothing on standard output, no trace of a stack. */
const oneLine = (stderr: string) => {
  assert.lengthOf(stderr.trimEnd().split("\n"), 1)
  assert.notMatch(stderr, /^\s+at /m)
  return stderr.trimEnd()
}

const interval = `Expected: a length of time from 1ms to 1 day, such as 500ms, 1s or "1 second"`

if (process.getuid?.() === 0) console.log("Root: that a home is missing is not tested, root needs none")

describe("a wrong command line", () => {
  it.live.each<readonly [ReadonlyArray<string>, string, Readonly<Record<string, string>>?]>([
    [["start", "--interval", "0"], `thunderline start: Invalid value for flag --interval: "0". ${interval}`],
    [["start", "--interval", "-5"], `thunderline start: Invalid value for flag --interval: "-5". ${interval}`],
    [["start", "--interval", "abc"], `thunderline start: Invalid value for flag --interval: "abc". ${interval}`],
    [["start", "--intervall", "1s"], "Unrecognized flag: --intervall in command thunderline start. Did you mean"],
    [["start", "--schema", "No"], `--schema: "No" cannot be the schema's name`],
    [["start", "--database", "mysql://u:s3cret@h/x"], "Expected: embedded, memory or postgres://"],
    [["start"], "in the environment variable DATABASE_URL", { DATABASE_URL: "mysql://u:s3cret@h/x" }],
    [["start", "--log-format", "xml"], `Invalid value for flag --log-format: "xml"`],
    [["start", "a.ts", "b.ts"], `Unexpected positional argument: "b.ts"`],
    [["history", "--limit", "0"], "Expected: a whole number from 1 to 1000"],
    [["history", "--since", "yesterday"], "Expected: a time such as 2025-01-31T13:45:00Z, or how long ago"],
    [["history", "--tick", "9..7"], "Expected: a tick or a range of ticks, such as 4711, 4711..4720"],
    [["history", "--json", "--csv"], "thunderline: --json and --csv exclude each other"],
    [["events", "--json", "--csv"], "thunderline: --json and --csv exclude each other"],
    [["analyze", "boot", "--what-if", "cerebros"], "Expected: "],
    [
      ["analyze", "boot", "--what-if", "cerebros=soon"],
      `--what-if: "cerebros=soon". Expected: a domain and a duration of its own work`
    ],
    [["simulate", "--ticks", "0"], "Expected: a whole number from 1 to 100000"],
    [["start", "--policy", "maybe"], `Invalid value for flag --policy: "maybe"`],
    [["history", "--status", "asleep"], `Invalid value for flag --status: "asleep"`],
    [["domains", "--database", "memory", "--json"], "expected --database embedded or a postgres:// URL"],
    // Root has a folder of its own without them.
    ...(process.getuid?.() === 0
      ? []
      : [[["domains"], "neither XDG_STATE_HOME nor HOME is set", { HOME: "" }] as const]),
    [["strat"], `Unknown subcommand "strat" for "thunderline". Did you mean this? start`]
  ])("%j exits 2 and says: %s", ([args, message, env]) =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(args, { env: env ?? {} })
      const line = oneLine(stderr)
      assert.include(line, message)
      assert.notInclude(line, "s3cret")
      assert.deepStrictEqual([code, stdout], [2, ""])
    }))
})

describe("an app that cannot be run", () => {
  const good = `Domain.make("good", { layer: Layer.empty })`
  it.live.each<readonly [name: string, text: string | undefined, message: string]>([
    ["missing.ts", undefined, "missing.ts: there is no such file"],
    ["syntax.ts", "export const a = 1\nconst = 4\n", "syntax.ts:2: SyntaxError: Unexpected token `=`"],
    ["throws.ts", `\nthrow new Error("boom\\nand more")\n`, "throws.ts:2: boom"],
    [
      "odd.ts",
      `throw Object.defineProperty(new Error("odd"), "message", { get: () => { throw new Error("no") } })`,
      "odd.ts: [message threw]"
    ],
    ["imports.ts", `import "./throws-not-there.ts"`, "imports.ts: Cannot find module 'throws-not-there.ts'"],
    [
      "none.ts",
      "export const other = 1",
      "none.ts does not export an app (it exports other); expected: export default Thunderline.app({ domains })"
    ],
    ["default.ts", "export default 1", "default.ts does not export an app (it exports default)"],
    [
      "apps.ts",
      appText(`export default Thunderline.app({ domains: [${good}, ${good}] })`),
      "apps.ts: There are two domains named good"
    ],
    ["empty.ts", "export const domains = []", `empty.ts: "domains" is an empty array; expected an array of domains`],
    ["record.ts", "export const domains = {}", `record.ts: "domains" is an object; expected an array of domains`],
    ["index.ts", appText(`export const domains = [${good}, 7]`), `index.ts: "domains[1]" is the number 7; expected a`],
    [
      "layer.ts",
      appText(`export const domains = [${good}]\nexport const layer = Effect.void`),
      `layer.ts: "layer" is an Effect; expected a Layer`
    ],
    [
      "name.ts",
      appText(`export const domains = [Domain.make("No!", { layer: Layer.empty })]`),
      `name.ts: "No!" is no name`
    ],
    ["twice.ts", appText(`export const domains = [${good}, ${good}]`), "twice.ts: There are two domains named good"],
    [
      "outside.ts",
      appText(`export const domains = [${good}]\nexport const layer = Layer.effectDiscard(Effect.fail("no"))`),
      "no"
    ]
  ])("%s exits 1 and says why", ([name, text, message]) =>
    Effect.gen(function*() {
      const cwd = yield* folder(text === undefined ? {} : { [name]: text })
      const { code, stderr, stdout } = yield* run(["start", name, "--database", "memory"], { cwd })
      assert.match(oneLine(stderr), /^thunderline: /)
      assert.include(stderr, message)
      assert.deepStrictEqual([code, stdout], [1, ""])
    }))
})

describe("thunderline", () => {
  it.live("says its version and explains itself on standard output", () =>
    Effect.gen(function*() {
      const version = yield* run(["--version"])
      assert.containsSubset(version, { code: 0, stderr: "", stdout: `thunderline v${packageJson.version}\n` })
      const help = yield* run([])
      assert.containsSubset(help, { code: 0, stderr: "" })
      for (
        const command of ["start", "domains", "domain", "events", "history", "analyze", "simulate", "migrate"]
      ) assert.include(help.stdout, `  ${command} `)
      const completions = yield* run(["--completions", "bash"])
      assert.containsSubset(completions, { code: 0, stderr: "" })
      assert.include(completions.stdout, "--first-tick")
    }))

  it.live("exits 4 when the database cannot be reached, and 1 when it was to be migrated, naming it and where it was named", () =>
    Effect.gen(function*() {
      const url = "postgres://u:s3cret@127.0.0.1:1/x"
      const read = yield* run(["history"], { env: { DATABASE_URL: url } })
      assert.match(oneLine(read.stderr), /postgres:\/\/127\.0\.0\.1:1… \(from DATABASE_URL\) cannot be reached: /)
      const migrate = yield* run(["migrate", "--database", url])
      assert.include(oneLine(migrate.stderr), "(from --database) cannot be reached")
      const start = yield* run(["start", "--trail", "required", "--database", url])
      assert.include(oneLine(start.stderr), "(from --database) cannot be reached")
      assert.deepStrictEqual([read.code, migrate.code, start.code], [4, 1, 4])
      assert.isFalse([read, migrate, start].some(({ stderr }) => stderr.includes("s3cret")))
    }))
})

describe("thunderline watch", () => {
  it.live("exits 2 without a terminal and names what does without one", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(["watch"])
      assert.match(oneLine(stderr), /needs a terminal .* thunderline status, or thunderline events --follow$/)
      assert.deepStrictEqual([code, stdout], [2, ""])
    }))
})
