import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"

/** A line of the log as it was written. */
export interface LogLine {
  readonly level: string
  readonly text: string
  readonly annotations: { readonly [name: string]: unknown }
  readonly cause: Cause.Cause<unknown>
}

/** What has been logged so far, in order. */
export class LogLines extends Context.Service<LogLines, {
  readonly lines: ReadonlyArray<LogLine>
  readonly texts: () => ReadonlyArray<string>
}>()("test/LogLines") {}

/** Writes the log to memory instead of the console; provide it outside of what logs. */
export const layer: Layer.Layer<LogLines> = Layer.unwrap(Effect.sync(() => {
  const lines: Array<LogLine> = []
  const logger = Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
    lines.push({
      level: logLevel,
      text: Array.isArray(message) ? message.map(String).join(" ") : String(message),
      annotations: { ...fiber.getRef(References.CurrentLogAnnotations) },
      cause
    })
  })
  return Layer.merge(
    Logger.layer([logger]),
    Layer.succeed(LogLines, { lines, texts: () => lines.map((line) => line.text) })
  )
}))
