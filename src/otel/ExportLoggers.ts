import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"

/** Log lines are exported as such; as events of their spans they would be there twice. */
export const withoutTracerLogger: Layer.Layer<never> = Layer.effect(
  Logger.CurrentLoggers,
  Effect.map(
    Logger.CurrentLoggers,
    (loggers) => new Set(Array.from(loggers).filter((logger) => logger !== Logger.tracerLogger))
  )
)
