import * as Command from "effect/cli/Command"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Format from "../../control/Format.ts"
import type { Database } from "../../postgres/Database.ts"
import { Repo } from "../../trail/Repo.ts"
import * as TrailSettings from "../flags/TrailSettings.ts"
import * as RunningProgram from "../RunningProgram.ts"
import { bad, Check, ofProgram, ok, skipped } from "../text/Diagnosis.ts"
import * as Output from "../text/Output.ts"
import { lineOf } from "../text/Report.ts"
import type * as Style from "../text/Style.ts"
import { wrap } from "../text/Wrap.ts"
import * as Trail from "../Trail.ts"
import * as Status from "./Status.ts"

/** At least one check of `doctor` failed. */
export class Unwell extends Schema.TaggedError<Unwell>()("Unwell", { failed: Schema.Array(Schema.String) }) {
  override get message() {
    return `${this.failed.length === 1 ? "One check" : `${this.failed.length} checks`} failed: ${
      this.failed.join("; ")
    }`
  }
}

/** The version of the command line, to compare with that of the program. */
export const Version = Context.Reference("thunderline/cli/Version", { defaultValue: () => "unknown" })

const reachable = "the program answers"

/** The checks of the running program, and the address of its collector. */
const program = Effect.fnUntraced(function*(where: RunningProgram.Where) {
  const { source, url } = yield* RunningProgram.address(where)
  const before = yield* Clock.currentTimeMillis
  const seen = yield* Effect.result(Status.overview(where))
  const now = yield* Clock.currentTimeMillis
  if (Result.isFailure(seen)) {
    return {
      collector: undefined,
      checks: [
        bad(
          reachable,
          "failed",
          lineOf(seen.failure),
          "It is not running, or listens at another address.",
          "thunderline start, or this command with --port or --state-dir"
        ),
        skipped("ticks, domains and trail", "no program answers")
      ]
    }
  }
  return {
    collector: seen.success.stats.telemetry.collector,
    checks: [
      ok(reachable, `${url} (${source}) in ${Format.duration(now - before)}`, "The control plane is up."),
      ...ofProgram(seen.success, { now: (now + before) / 2, version: yield* Version })
    ]
  }
})

const database = Effect.fnUntraced(function*(settings: Database) {
  const check = "the database can be read, and its schema is up to date"
  if (settings.location._tag === "memory") return skipped(check, "the trail is kept in memory")
  const runs = yield* Effect.result(Trail.read(settings, Repo.use((repo) => repo.runs(100))))
  if (Result.isFailure(runs) && runs.failure instanceof Trail.TrailElsewhere) {
    return skipped(check, runs.failure.message)
  }
  return Result.isSuccess(runs)
    ? ok(check, `schema ${settings.schema}, ${runs.success.length} runs`, "The trail can be read.")
    : bad(
      check,
      "failed",
      lineOf(runs.failure),
      "The trail cannot be read, nor written by a program with the same settings.",
      "thunderline migrate"
    )
})

const collector = Effect.fnUntraced(function*(url: string | null | undefined) {
  const check = "the telemetry collector answers"
  if (url === undefined) return skipped(check, "no program answers")
  if (url === null) return skipped(check, "none is configured: thunderline start --otlp URL")
  const answer = yield* HttpClient.get(url).pipe(
    Effect.timeout("3 seconds"),
    Effect.provide(FetchHttpClient.layer),
    Effect.result
  )
  return Result.isSuccess(answer)
    ? ok(check, `${url} answers`, "Traces, metrics and logs are received.")
    : bad(
      check,
      "warning",
      `${url}: ${lineOf(answer.failure)}`,
      "Telemetry is dropped. The program is not affected.",
      "start the collector, or start the program without --otlp"
    )
})

const marks = { ok: "ok", warning: "warning", failed: "FAILED", skipped: "skipped" } as const

const paint = (outcome: Check["outcome"], style: Style.Style): (text: string) => string =>
  ({ ok: style.green, warning: style.yellow, failed: style.red, skipped: style.dim })[outcome]

/** No line is longer, however wide the terminal. */
const maxWidth = 100

const render = (checks: ReadonlyArray<Check>, { style, width = 80 }: Output.Display): string =>
  checks.map(({ check, found, means, next, outcome }) => {
    const line = (head: string, text: string) =>
      `           ${style.dim(head)}  ${wrap(text, Math.min(width, maxWidth) - 18).join(`\n${" ".repeat(18)}`)}`
    return [
      `${paint(outcome, style)(marks[outcome].padEnd(9))}  ${style.bold(check)}`,
      line("found", found),
      ...(outcome === "skipped" ? [] : [line("means", means)]),
      ...(next === null ? [] : [line("next ", next)])
    ].join("\n")
  }).join("\n")

/** `thunderline doctor`: checks the program, its trail and its telemetry, and says what to do about what is wrong. */
export const command = Command.make(
  "doctor",
  { ...TrailSettings.flags, port: RunningProgram.flags.port, json: Output.json },
  Effect.fnUntraced(function*({ json, port, ...settings }) {
    const where = { stateDir: settings.stateDir, port }
    const { checks: found, collector: url } = yield* program(where)
    const checks = [...found, yield* database(settings), yield* collector(url)]
    yield* Output.print(json, Schema.Array(Check), checks, (display) => render(checks, display))
    const failed = checks.filter(({ outcome }) => outcome === "failed").map(({ check }) => check)
    if (failed.length > 0) return yield* new Unwell({ failed })
  })
).pipe(
  Command.withDescription("Check the running program, its trail and its telemetry; exits 1 if a check fails"),
  Command.withShortDescription("Find what is wrong, and say what to do about it")
)
