import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TelemetrySettings from "./OtelSettings.ts"

/** Where the program's telemetry goes, and as what. */
export interface ProgramTelemetry {
  readonly otlp: Option.Option<string>
  readonly traceLevel: "Info" | "Debug"
  readonly serviceName: string
  readonly serviceVersion: string
  readonly instanceId: string
}

/** The program's telemetry; the SDK is loaded only when a collector is named, by the flag or by the environment. */
export const layer = ({ otlp, ...options }: ProgramTelemetry): Layer.Layer<never> =>
  Layer.unwrap(Effect.gen(function*() {
    if (Option.isNone(otlp) && !(yield* TelemetrySettings.isGiven)) return Layer.empty
    const sdk = yield* Effect.promise(() => import("./Otel.ts"))
    return sdk.layer({ ...options, url: Option.getOrUndefined(otlp) })
  }))
