import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as LogFormat from "../../../src/cli/text/LogFormat.ts"
import * as Style from "../../../src/cli/text/Style.ts"
import { maxCauseLength } from "../../../src/model/DomainEvent.ts"
import * as Hostile from "../../support/hostile.ts"

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

/** The `key=value` pairs of a line, in quotes or not. */
const read = (line: string): ReadonlyArray<readonly [key: string, value: string]> => {
  const word = /("(?:[^"\\]|\\.)*"|[^\s"=]+)/.source
  const unquoted = (text: string): string => text.startsWith("\"") ? JSON.parse(text) : text
  return Array.from(
    line.matchAll(new RegExp(`(?<= )${word}=${word}(?= |$)`, "gu")),
    ([_, key, value]) => [unquoted(key!), unquoted(value!)] as const
  )
}

describe("LogFormat", () => {
  it.effect("writes time, level, message and annotations on one line for people", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* logged(LogFormat.logger("pretty"), activated),
        "13:45:09.007 INFO  [DomainRegistry] Domain activated: thunderflow  domain=thunderflow tick=1"
      )
    }))

  it.effect("shows keys with dots, and values that are in the message", () =>
    Effect.gen(function*() {
      const line = Effect.logInfo("[Thunderbolt] Activating").pipe(
        Effect.annotateLogs({
          "event.name": "thunderline.domain.activating",
          "thunderline.domain.name": "thunderbolt",
          domain: "thunderbolt"
        })
      )
      assert.match(
        yield* logged(LogFormat.logger("pretty"), line),
        / {2}event\.name=thunderline\.domain\.activating thunderline\.domain\.name=thunderbolt domain=thunderbolt$/
      )
    }))

  it.effect("shows log spans with their durations", () =>
    Effect.gen(function*() {
      const line = Effect.andThen(TestClock.adjust("12 millis"), Effect.logInfo("Built")).pipe(
        Effect.withLogSpan("build"),
        Effect.annotateLogs("tick", 1)
      )
      assert.match(yield* logged(LogFormat.logger("pretty"), line), /Built {2}build=12ms tick=1$/)
    }))

  it.effect("puts into quotes, on one line, what would not be told from what is around it", () =>
    Effect.gen(function*() {
      const line = Effect.annotateLogs(Effect.logInfo("Odd"), {
        "a key": "a b",
        empty: "",
        lines: "one\ntwo",
        colour: "\u001b[31mred",
        record: { a: ["x y", null] }
      })
      assert.match(
        yield* logged(LogFormat.logger("pretty"), line),
        / {2}"a key"="a b" empty="" lines="one\\ntwo" colour="\\u001b\[31mred" record=\{"a":\["x y",null\]\}$/
      )
    }))

  it.effect.prop(
    "loses no key and no value of a log call, whatever it is",
    {
      message: Schema.String,
      annotations: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])),
      label: Schema.String
    },
    ({ annotations, label, message }) =>
      Effect.gen(function*() {
        const call = Effect.logInfo(message).pipe(Effect.annotateLogs(annotations), Effect.withLogSpan(label))
        const text = yield* logged(LogFormat.logger("pretty"), call)
        const line = text.slice(text.lastIndexOf("\n") + 1)
        assert.deepStrictEqual(read(line).slice(-Object.keys(annotations).length - 1), [
          [label, "0ms"],
          ...Object.entries(annotations).map(([key, value]) => [key, String(value)] as const)
        ])
      }),
    { arbitrary: { runs: 300 } }
  )

  it.effect("sets level and annotations off by colour where there are colours", () =>
    Effect.gen(function*() {
      const line = yield* logged(LogFormat.logger("pretty", Style.coloured), activated)
      assert.include(line, "\u001b[32mINFO \u001b[0m")
      assert.include(line, "\u001b[2mdomain=thunderflow tick=1\u001b[0m")
    }))

  it.effect("puts a cause below its line, indented", () =>
    Effect.gen(function*() {
      const lines = yield* logged(
        LogFormat.logger("pretty"),
        Effect.logError("[Thunderbolt] Crashed", Cause.fail(new Error("boom")))
      )
      assert.match(lines, /^13:45:09\.007 ERROR \[Thunderbolt\] Crashed\n {4}Error: boom/)
    }))

  it.effect.each(["pretty", "logfmt", "json"] as const)(
    "writes a line for whatever fails and whatever is logged, as %s",
    (format) =>
      Effect.gen(function*() {
        for (const [kind, make] of Object.entries(Hostile.failures)) {
          const text = yield* logged(LogFormat.logger(format), Effect.logError("Crashed", Cause.die(make())))
          assert.include(text, "Crashed", kind)
          // Escapes take up to six times the space.
          assert.isBelow(text.length, 6 * maxCauseLength + 1_000, kind)
          assert.notInclude(text, "\u0000", kind)
          if (format === "pretty") assert.notMatch(text, /(?!\n)[\p{Cc}\p{Bidi_Control}]/u, kind)
          if (!(kind in Hostile.small)) continue
          const value = make()
          const odd = yield* logged(
            LogFormat.logger(format),
            Effect.annotateLogs(Effect.logInfo("Odd", { value }), { value, plain: "kept" })
          )
          for (const part of ["Odd", "kept"]) assert.include(odd, part, kind)
        }
      })
  )

  it.effect("writes one key=value line for programs", () =>
    Effect.gen(function*() {
      const line = yield* logged(LogFormat.logger("logfmt"), activated)
      assert.match(line, /^timestamp=\S+Z level=INFO fiber=#\d+ message="\[DomainRegistry\] Domain activated: /)
      assert.match(line, / domain=thunderflow tick=1$/)
    }))

  it.effect("writes one JSON object per line for programs", () =>
    Effect.gen(function*() {
      const line = yield* logged(LogFormat.logger("json"), activated)
      assert.containsSubset(JSON.parse(line), {
        level: "INFO",
        message: "[DomainRegistry] Domain activated: thunderflow",
        annotations: { domain: "thunderflow", tick: 1 }
      })
    }))
})
