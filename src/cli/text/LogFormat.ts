import * as Flag from "effect/cli/Flag"
import * as Context from "effect/Context"
import * as Formatter from "effect/Formatter"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as Record from "effect/Record"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import * as Format from "../../control/Format.ts"
import * as CauseText from "../../model/CauseText.ts"
import * as ForeignValue from "../../model/ForeignValue.ts"
import { attempt } from "../../model/ForeignValue.ts"
import { plain, type Style } from "./Style.ts"

/** The format of log lines: for people, as `key=value`, or as one JSON object per line. */
export type LogFormat = "pretty" | "logfmt" | "json"

/** `--log-format`. */
export const flag: Flag.Flag<LogFormat> = Flag.Literals("log-format", ["pretty", "logfmt", "json"]).pipe(
  Flag.withDefault("pretty"),
  Flag.withMetavar("format"),
  Flag.withDescription("How log lines look (default pretty)")
)

const paintLevel = (level: LogLevel.LogLevel, style: Style): (text: string) => string => {
  switch (level) {
    case "Fatal":
    case "Error":
      return style.red
    case "Warn":
      return style.yellow
    case "Info":
      return style.green
    default:
      return style.blue
  }
}

const two = (n: number): string => String(n).padStart(2, "0")

/** The local time of day, to the millisecond. */
const timeOf = (date: Date): string =>
  `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${
    String(date.getMilliseconds()).padStart(3, "0")
  }`

/** A value that is no text, at most 16 KiB of it; what cannot be formatted is still told. */
const formatted = (value: unknown): string =>
  CauseText.clip(attempt(() => Formatter.format(value, { space: 0 }), undefined) ?? ForeignValue.toJson(value))

const textOf = (value: unknown): string => typeof value === "string" ? Format.safe(value) : formatted(value)

/** Writes control characters as escapes: a terminal does not obey them, and nothing is lost. */
const escaped = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** A key or a value on one line; in quotes if it is empty or holds a space, a quote, `=` or a control character. */
const word = (value: unknown): string => {
  if (typeof value !== "string") return escaped(formatted(value))
  return /^[^\s"=\p{C}]+$/u.test(value) ? value : escaped(JSON.stringify(value))
}

const indent = (text: string): string => text.replaceAll(/^/gm, "    ")

/**
 * A line for people: time, level and message, then log spans (`build=12ms`) and every annotation (`tick=1`), dimmed. A
 * cause follows on lines of its own, indented.
 */
export const pretty = (style: Style = plain): Logger.Logger<unknown, string> =>
  Logger.make(({ cause, date, fiber, logLevel, message }) => {
    const text = (Array.isArray(message) ? message : [message]).map(textOf).join(" ")
    const spans = fiber.getRef(References.CurrentLogSpans).map(([label, start]) =>
      `${word(label)}=${Format.duration(date.getTime() - start)}`
    )
    const annotations = Object.entries(fiber.getRef(References.CurrentLogAnnotations)).map(([key, value]) =>
      `${word(key)}=${word(value)}`
    )
    const details = [...spans, ...annotations].join(" ")
    const level = paintLevel(logLevel, style)(logLevel.toUpperCase().padEnd(5))
    const line = `${style.dim(timeOf(date))} ${level} ${text}${details === "" ? "" : `  ${style.dim(details)}`}`
    return cause.reasons.length === 0 ? line : `${line}\n${style.dim(indent(Format.safe(CauseText.render(cause))))}`
  })

/** The span under which a line was written, if there was one. */
const traceOf = ({ fiber }: Logger.Options<unknown>) => {
  const span = Context.getOrUndefined(fiber.context, Tracer.ParentSpan)
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId }
}

const textually = (value: unknown): string => typeof value === "string" ? value : formatted(value)

/** The same line, with all that is no text written as text. */
const asText = (options: Logger.Options<unknown>): Logger.Options<unknown> => {
  const { fiber, message } = options
  const annotations = Record.map(fiber.getRef(References.CurrentLogAnnotations), textually)
  const getRef = (ref: Context.Reference<unknown>) =>
    ref === References.CurrentLogAnnotations ? annotations : fiber.getRef(ref)
  return {
    ...options,
    message: Array.isArray(message) ? message.map(textually) : textually(message),
    fiber: Object.create(fiber, { getRef: { value: getRef } })
  }
}

/** The same format, for lines that hold what it cannot write. */
const total = (format: Logger.Logger<unknown, string>): Logger.Logger<unknown, string> =>
  Logger.make((given) => {
    const options = { ...given, cause: CauseText.plain(given.cause) }
    return attempt(() => format.log(options), undefined) ?? format.log(asText(options))
  })

const logfmt: Logger.Logger<unknown, string> = Logger.make((options) =>
  [Logger.formatLogFmt.log(options), ...Object.entries(traceOf(options)).map(([key, id]) => `${key}=${id}`)].join(" ")
)

const json: Logger.Logger<unknown, string> = Logger.make((options) =>
  Formatter.formatJson({ ...Logger.formatStructured.log(options), ...traceOf(options) })
)

/** The logger of a format, as text; put it on a stream with `Logger.withConsoleLog` or `Logger.withConsoleError`. */
export const logger = (format: LogFormat, style: Style = plain): Logger.Logger<unknown, string> => {
  switch (format) {
    case "pretty":
      return pretty(style)
    case "logfmt":
      return total(logfmt)
    case "json":
      return total(json)
  }
}
