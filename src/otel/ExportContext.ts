import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { Exporter } from "../telemetry/Exporter.ts"
import type { ExportLosses } from "./ExportLosses.ts"
import type { OtelSettings } from "./OtelSettings.ts"

/** What every exporter sets for the application that it is provided to. */
export const layer = (settings: OtelSettings, losses: ExportLosses): Layer.Layer<never> =>
  Layer.merge(
    Layer.succeed(References.MinimumTraceLevel, settings.traceLevel),
    Layer.succeed(Exporter, {
      collector: settings.collector,
      instanceId: settings.resource["service.instance.id"],
      degradations: losses.degraded
    })
  )

/** Log records are exported as such; as events of their spans they would arrive twice. */
export const withoutTracerLogger: Layer.Layer<never> = Layer.effect(
  Logger.CurrentLoggers,
  Effect.map(
    Logger.CurrentLoggers,
    (loggers) => new Set(Array.from(loggers).filter((logger) => logger !== Logger.tracerLogger))
  )
)
