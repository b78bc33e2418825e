import { describe, expect, it } from "@effect/vitest"
import * as CliError from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stdio from "effect/Stdio"
import * as ExitCode from "../../src/cli/ExitCode.ts"
import { AppNotFound } from "../../src/cli/flags/AppModule.ts"
import * as Report from "../../src/cli/text/Report.ts"
import { TrailInMemory } from "../../src/cli/Trail.ts"
import { Escalated } from "../../src/model/Escalation.ts"
import { RepoUnavailable } from "../../src/trail/Repo.ts"

const usageError = new CliError.ShowHelp({
  commandPath: ["thunderline"],
  errors: [new CliError.MissingOption({ option: "x" })]
})

describe("ExitCode", () => {
  it("tells a wrong command line, a lost connection, an interruption and any other failure apart", () => {
    const unavailable = { detail: "no server", cause: new Error("ECONNREFUSED") }
    expect([
      Exit.void,
      Exit.fail(new AppNotFound({ file: "app.ts", detail: "missing" })),
      Exit.die(new Error("bug")),
      Exit.fail(usageError),
      Exit.fail(new CliError.ShowHelp({ commandPath: ["thunderline"], errors: [] })),
      Exit.fail(new TrailInMemory()),
      Exit.fail(new Escalated({ domain: "a", cause: "boom" })),
      Exit.fail(new RepoUnavailable({ operation: "Repo.events", ...unavailable })),
      Exit.interrupt()
    ].map(ExitCode.ofExit)).toEqual([0, 1, 1, 2, 0, 2, 70, 4, 130])
  })
})

describe("Report", () => {
  it("says an error in one line, whatever it is", () => {
    expect([
      new Error("first\n  second"),
      new Escalated({ domain: "a", cause: "boom\n  at b" }),
      { _tag: "Odd" },
      "text",
      { a: 1 }
    ].map(Report.lineOf)).toEqual([
      "first second",
      "Domain a has spent its restarts and ends the program: boom",
      "Odd",
      "text",
      `{"a":1}`
    ])
  })

  it.effect("leaves the failure as it is", () =>
    Effect.gen(function*() {
      expect(yield* Effect.exit(Report.failures(Effect.fail(usageError)))).toEqual(Exit.fail(usageError))
    }).pipe(Effect.provide(Stdio.layerTest({}))))
})
