import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { TestClock } from "effect/testing"
import * as LogFormat from "../../../src/cli/text/LogFormat.ts"
import * as Style from "../../../src/cli/text/Style.ts"

const logged = (logger: Logger.Logger<unknown, string>, effect: Effect.Effect<void>) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    yield* TestClock.setTime(new Date(2026, 0, 31, 13, 45, 9, 7).getTime())
    yield* Effect.provide(effect, Logger.layer([Logger.map(logger, (line) => void lines.push(line))]))
    return lines.join("\n")
  })

const activated = Effect.logInfo("[DomainRegistry] Domain activated: thunderflow").pipe(
  Effect.annotateLogs({ domain: "thunderflow", tick: 1 })
)

describe("LogFormat", () => {
  it.effect("writes time, level, message and annotations on one line for people", () =>
    Effect.gen(function*() {
      expect(yield* logged(LogFormat.logger("pretty"), activated))
        .toBe("13:45:09.007 INFO  [DomainRegistry] Domain activated: thunderflow  tick=1")
    }))

  it.effect("leaves out for people what the message has said, and keeps what it has not", () =>
    Effect.gen(function*() {
      const annotated = (message: string) => Effect.annotateLogs(Effect.logInfo(message), { domain: "thunderbolt" })
      expect(yield* logged(LogFormat.logger("pretty"), annotated("[Thunderbolt] Activating"))).toMatch(/Activating$/)
      expect(yield* logged(LogFormat.logger("pretty"), annotated("Job done"))).toMatch(
        /Job done {2}domain=thunderbolt$/
      )
    }))

  it.effect("sets level and annotations off by colour where there are colours", () =>
    Effect.gen(function*() {
      const line = yield* logged(LogFormat.logger("pretty", Style.coloured), activated)
      expect(line).toContain("\u001b[32mINFO \u001b[0m")
      expect(line).toContain("\u001b[2mtick=1\u001b[0m")
    }))

  it.effect("puts a cause below its line, indented", () =>
    Effect.gen(function*() {
      const lines = yield* logged(
        LogFormat.logger("pretty"),
        Effect.logError("[Thunderbolt] Crashed", Cause.fail(new Error("boom")))
      )
      expect(lines).toMatch(/^13:45:09\.007 ERROR \[Thunderbolt\] Crashed\n {4}Error: boom/)
    }))

  it.effect("writes one key=value line for programs", () =>
    Effect.gen(function*() {
      const line = yield* logged(LogFormat.logger("logfmt"), activated)
      expect(line).toMatch(/^timestamp=\S+Z level=INFO fiber=#\d+ message="\[DomainRegistry\] Domain activated: /)
      expect(line).toMatch(/ domain=thunderflow tick=1$/)
    }))

  it.effect("writes one JSON object per line for programs", () =>
    Effect.gen(function*() {
      const line = yield* logged(LogFormat.logger("json"), activated)
      expect(JSON.parse(line)).toMatchObject({
        level: "INFO",
        message: "[DomainRegistry] Domain activated: thunderflow",
        annotations: { domain: "thunderflow", tick: 1 }
      })
    }))
})
