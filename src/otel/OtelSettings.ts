import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { hostname } from "node:os"

export type Signal = "traces" | "metrics" | "logs"

/** How telemetry leaves the program. Everything has a default, and the standard `OTEL_*` variables say the rest. */
export interface OtelOptions {
  /** The collector's base URL for OTLP over HTTP, in the place of `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url?: string | undefined
  /** What `OTEL_SERVICE_NAME` overrides (default `thunderline`). */
  readonly serviceName?: string | undefined
  readonly serviceVersion?: string | undefined
  /** The process's id, which the run takes over as its `node` (default: a random UUID). */
  readonly instanceId?: string | undefined
  /** `Debug` makes a span of every tick and every `onTick` (default `Info`). */
  readonly traceLevel?: LogLevel.LogLevel | undefined
  /** How long the last export may take at shutdown (default 3 seconds). */
  readonly shutdownTimeout?: Duration.Input | undefined
}

/** The share of root spans that are recorded, from `OTEL_TRACES_SAMPLER`. A span with a parent follows the parent. */
export interface Sampler {
  readonly ratio: number
  readonly parentBased: boolean
}

/** The options and the environment together. */
export interface OtelSettings {
  /** The collector's address without user, password and query; `null` when nothing is exported. */
  readonly collector: string | null
  /** Where each signal goes; `undefined` when it is not sent. */
  readonly endpoints: Readonly<Record<Signal, string | undefined>>
  readonly headers: Readonly<Record<Signal, Readonly<Record<string, string>>>>
  /** `service.name` and the rest of the resource. */
  readonly resource: Readonly<Record<string, string>>
  readonly sampler: Sampler
  readonly traceLevel: LogLevel.LogLevel
  /** The most spans, and the most log records, that wait for their export. */
  readonly maxQueueSize: number
  /** The size at which a batch is exported at once. */
  readonly maxExportBatchSize: number
  /** The time that one export may take, with its retries. */
  readonly exportTimeout: Duration.Duration
  readonly metricInterval: Duration.Duration
  readonly shutdownTimeout: Duration.Duration
}

export const signals: ReadonlyArray<Signal> = ["traces", "metrics", "logs"]

const variable = (name: string): Effect.Effect<string | undefined> =>
  Config.option(Config.String(name)).pipe(
    Effect.orDie,
    Effect.map((value) => Option.getOrUndefined(value)?.trim() || undefined)
  )

const warn = (message: string) => Effect.logWarning(`[Telemetry] ${message}`)

const number = Effect.fnUntraced(function*(name: string, fallback: number) {
  const text = yield* variable(name)
  if (text === undefined) return fallback
  const value = Number(text)
  if (value > 0) return value
  yield* warn(`${name} is "${text}", which is not a number above 0; ${fallback} is used`)
  return fallback
})

/** Decodes percent-encoding; text that is not valid stays as it is. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const pairs = (text: string | undefined): Record<string, string> =>
  Object.fromEntries(
    (text ?? "").split(",").flatMap((pair) => {
      const at = pair.indexOf("=")
      return at < 1 ? [] : [[pair.slice(0, at), pair.slice(at + 1)].map((part) => decoded(part.trim()))]
    })
  )

const endpoint = Effect.fnUntraced(function*(signal: Signal, url: string | undefined) {
  const exporter = (yield* variable(`OTEL_${signal.toUpperCase()}_EXPORTER`)) ?? "otlp"
  if (exporter === "none") return undefined
  if (exporter !== "otlp") {
    yield* warn(
      `OTEL_${signal.toUpperCase()}_EXPORTER is "${exporter}"; there are "otlp" and "none": no ${signal} are sent`
    )
    return undefined
  }
  const own = yield* variable(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`)
  const base = url ?? (yield* variable("OTEL_EXPORTER_OTLP_ENDPOINT"))
  const found = own ?? (base === undefined ? undefined : `${base.replace(/\/$/, "")}/v1/${signal}`)
  if (found === undefined || URL.canParse(found)) return found
  yield* warn(`"${found}" is not a URL: no ${signal} are sent`)
  return undefined
})

/** The address without what may be secret in it, and without a signal's path. */
const shown = (url: string): string => {
  const { origin, pathname } = new URL(url)
  return origin + pathname.replace(/(\/v1\/(traces|metrics|logs))?\/?$/, "")
}

const sampler = Effect.gen(function*(): Effect.fn.Return<Sampler> {
  const name = (yield* variable("OTEL_TRACES_SAMPLER")) ?? "parentbased_always_on"
  const parentBased = name.startsWith("parentbased_")
  switch (name.replace(/^parentbased_/, "")) {
    case "always_on":
      return { ratio: 1, parentBased }
    case "always_off":
      return { ratio: 0, parentBased }
    case "traceidratio": {
      const text = yield* variable("OTEL_TRACES_SAMPLER_ARG")
      const ratio = Number(text ?? 1)
      if (ratio >= 0 && ratio <= 1) return { ratio, parentBased }
      yield* warn(`OTEL_TRACES_SAMPLER_ARG is "${text}", which is not from 0 to 1; 1 is used`)
      return { ratio: 1, parentBased }
    }
  }
  yield* warn(`OTEL_TRACES_SAMPLER is "${name}", which is unknown; parentbased_always_on is used`)
  return { ratio: 1, parentBased: true }
})

/** Reads the environment. A wrong value is logged and ignored, as the standard asks. */
export const read = Effect.fnUntraced(function*(options: OtelOptions = {}): Effect.fn.Return<OtelSettings> {
  const disabled = (yield* variable("OTEL_SDK_DISABLED"))?.toLowerCase() === "true"
  const protocol = yield* variable("OTEL_EXPORTER_OTLP_PROTOCOL")
  if (protocol !== undefined && protocol !== "http/json") {
    yield* warn(`OTEL_EXPORTER_OTLP_PROTOCOL is "${protocol}"; only http/json is spoken, on the collector's port 4318`)
  }
  const endpoints: Partial<Record<Signal, string | undefined>> = {}
  const headers: Partial<Record<Signal, Record<string, string>>> = {}
  const shared = pairs(yield* variable("OTEL_EXPORTER_OTLP_HEADERS"))
  for (const signal of signals) {
    endpoints[signal] = disabled ? undefined : yield* endpoint(signal, options.url)
    headers[signal] = { ...shared, ...pairs(yield* variable(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_HEADERS`)) }
  }
  const maxQueueSize = yield* number("OTEL_BSP_MAX_QUEUE_SIZE", 8_192)
  const given = pairs(yield* variable("OTEL_RESOURCE_ATTRIBUTES"))
  const serviceName = yield* variable("OTEL_SERVICE_NAME")
  const first = signals.map((signal) => endpoints[signal]).find((url) => url !== undefined)
  return {
    collector: first === undefined ? null : shown(first),
    endpoints: endpoints as OtelSettings["endpoints"],
    headers: headers as OtelSettings["headers"],
    resource: {
      "service.name": options.serviceName ?? "thunderline",
      ...(options.serviceVersion === undefined ? {} : { "service.version": options.serviceVersion }),
      "host.name": hostname(),
      "process.pid": String(process.pid),
      "process.runtime.name": "nodejs",
      "process.runtime.version": process.versions.node,
      ...given,
      ...(serviceName === undefined ? {} : { "service.name": serviceName }),
      // The trail's rows carry the same id.
      "service.instance.id": options.instanceId ?? globalThis.crypto.randomUUID()
    },
    sampler: yield* sampler,
    traceLevel: options.traceLevel ?? "Info",
    maxQueueSize,
    // Larger than the standard's 512, so that a start of many domains is not slowed down by exports.
    maxExportBatchSize: Math.min(maxQueueSize, yield* number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 4_096)),
    exportTimeout: Duration.millis(yield* number("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000)),
    metricInterval: Duration.millis(yield* number("OTEL_METRIC_EXPORT_INTERVAL", 10_000)),
    shutdownTimeout: Duration.fromInputUnsafe(options.shutdownTimeout ?? "3 seconds")
  }
})

/** Whether the environment names a collector. */
export const isCollectorNamed: Effect.Effect<boolean> = Effect.forEach(
  ["ENDPOINT", ...signals.map((signal) => `${signal.toUpperCase()}_ENDPOINT`)],
  (name) => variable(`OTEL_EXPORTER_OTLP_${name}`)
).pipe(Effect.map((found) => found.some((value) => value !== undefined)))
