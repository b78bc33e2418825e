/**
 * Exports traces, metrics and logs by the OpenTelemetry SDK. Use it where other libraries in the process use the SDK too.
 * Otherwise `Otlp` exports the same without a package but `effect`.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Thunderline } from "thunderline"
 * import { Otel } from "thunderline/otel"
 *
 * const Main = Thunderline.layer({ domains: [] }).pipe(Layer.provide(Otel.layer({ serviceName: "shop" })))
 * ```
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { OtelOptions } from "./OtelSettings.ts"

export type { OtelOptions } from "./OtelSettings.ts"

/** What the OpenTelemetry SDK consists of, as `npm install` takes it: optional peers of this package. */
export const packages: ReadonlyArray<string> = [
  "@effect/opentelemetry@4",
  "@opentelemetry/api@1",
  "@opentelemetry/api-logs@0.223",
  "@opentelemetry/exporter-logs-otlp-http@0.223",
  "@opentelemetry/exporter-metrics-otlp-http@0.223",
  "@opentelemetry/exporter-trace-otlp-http@0.223",
  "@opentelemetry/resources@2",
  "@opentelemetry/sdk-logs@0.223",
  "@opentelemetry/sdk-metrics@2",
  "@opentelemetry/sdk-trace-base@2",
  "@opentelemetry/sdk-trace-node@2",
  "@opentelemetry/semantic-conventions@1"
]

/** The packages of the SDK are not installed, because most applications do without them. */
export class OtelSdkMissing extends Schema.TaggedError<OtelSdkMissing>()("OtelSdkMissing", {}) {
  override get message() {
    return `The OpenTelemetry SDK is not installed: npm install ${packages.join(" ")}`
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND"

const sdk = Effect.promise(() =>
  import("./OtelSdk.ts").catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
).pipe(Effect.flatMap((module) => module === undefined ? Effect.fail(new OtelSdkMissing()) : Effect.succeed(module)))

/**
 * The OpenTelemetry SDK and its OTLP exporters. The standard `OTEL_*` variables hold, also those that the SDK leaves to others: `OTEL_SDK_DISABLED`,
 * `OTEL_TRACES_EXPORTER=none` and its like, `OTEL_TRACES_SAMPLER`. Queues are bounded (`OTEL_BSP_MAX_QUEUE_SIZE`, default
 * 8,192 spans and as many log records); what they cannot take is counted and logged. Its end takes `shutdownTimeout` at
 * most. Fails with `OtelSdkMissing` when the SDK is not installed.
 */
export const layer = (options?: OtelOptions): Layer.Layer<never, OtelSdkMissing> =>
  Layer.unwrap(Effect.map(sdk, (sdk) => sdk.layer(options)))
