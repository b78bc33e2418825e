import { assert, describe, it } from "@effect/vitest"
import * as CliError from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Stdio from "effect/Stdio"
import { Unwell } from "../../src/cli/commands/Doctor.ts"
import { NotReady } from "../../src/cli/commands/Status.ts"
import { NotATerminal } from "../../src/cli/commands/Watch.ts"
import * as ExitCode from "../../src/cli/ExitCode.ts"
import { AppNotFound } from "../../src/cli/flags/AppModule.ts"
import { NotRunning, Refused } from "../../src/cli/RunningProgram.ts"
import { FormatConflict } from "../../src/cli/text/EventFormat.ts"
import * as Report from "../../src/cli/text/Report.ts"
import { DatabaseUnreachable, TrailElsewhere, TrailInMemory } from "../../src/cli/Trail.ts"
import { maxCauseLength } from "../../src/model/DomainEvent.ts"
import { Escalated } from "../../src/model/Escalation.ts"
import { InvalidDatabaseUrl } from "../../src/postgres/Database.ts"
import { InvalidCursor } from "../../src/trail/EventCursor.ts"
import { RepoUnavailable } from "../../src/trail/Repo.ts"
import * as Hostile from "../support/hostile.ts"

const usageError = new CliError.ShowHelp({
  commandPath: ["thunderline"],
  errors: [new CliError.MissingOption({ option: "x" })]
})

describe("ExitCode", () => {
  it("tells a wrong command line, a lost connection, an interruption and any other failure apart", () => {
    const unavailable = { detail: "no server", cause: new Error("ECONNREFUSED") }
    assert.deepStrictEqual(
      [
        Exit.void,
        Exit.fail(new AppNotFound({ file: "app.ts", detail: "missing" })),
        Exit.die(new Error("bug")),
        Exit.fail(usageError),
        Exit.fail(new CliError.ShowHelp({ commandPath: ["thunderline"], errors: [] })),
        Exit.fail(new TrailInMemory()),
        Exit.fail(new Escalated({ domain: "a", cause: "boom" })),
        Exit.fail(new RepoUnavailable({ operation: "Repo.events", ...unavailable })),
        Exit.interrupt()
      ].map(ExitCode.ofExit),
      [0, 1, 1, 2, 0, 2, 70, 4, 130]
    )
  })

  it("is carried by the error itself", () => {
    const url = "http://127.0.0.1:4747"
    assert.deepStrictEqual(
      [
        new TrailElsewhere({ url, trail: "memory" }),
        new DatabaseUnreachable({ database: "postgres://here…", source: "--database", detail: "no" }),
        new NotRunning({ url, source: "default", stateDir: "state" }),
        new Refused({ status: 409, detail: "no" }),
        new NotReady({ reason: "no" }),
        new Unwell({ failed: ["one"] }),
        new NotATerminal(),
        new FormatConflict(),
        new InvalidCursor({ cursor: "abc" }),
        new InvalidDatabaseUrl({ detail: "no" }),
        Object.assign(new Error("of an app's own"), { [Runtime.errorExitCode]: 42 })
      ].map(ExitCode.ofError),
      [2, 4, 4, 1, 3, 1, 2, 2, 2, 2, 42]
    )
  })
})

describe("Report", () => {
  it("says an error in one line, whatever it is", () => {
    assert.deepStrictEqual(
      [
        new Error("first\n  second"),
        new Escalated({ domain: "a", cause: "boom\n  at b" }),
        new Escalated({ domain: "a", cause: "Bad: it\n  at [\"PORT\"] {\n  [cause]: it\n    at b\n}" }),
        { _tag: "Odd" },
        "text",
        { a: 1 }
      ].map(Report.lineOf),
      [
        "first second",
        "Domain a is crashed for good and ends the program: boom",
        "Domain a is crashed for good and ends the program: Bad: it at [\"PORT\"]",
        "Odd",
        "text",
        `{"a":1}`
      ]
    )
  })

  it.each(Object.entries(Hostile.failures))("says %s in one line, and has an exit code for it", (_, make) => {
    const error = make()
    const line = Report.lineOf(error)
    assert.notMatch(line, /\p{Cc}/u)
    assert.isAtMost(new TextEncoder().encode(line).length, maxCauseLength)
    assert.strictEqual(ExitCode.ofExit(Exit.fail(error)), 1)
  })

  it.effect("leaves the failure as it is", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Effect.exit(Report.failures(Effect.fail(usageError))), Exit.fail(usageError))
    }).pipe(Effect.provide(Stdio.layerTest({}))))
})
