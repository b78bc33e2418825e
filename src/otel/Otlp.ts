/**
 * Exports traces, metrics and logs by Effect's own OTLP exporter. Use it by default: it needs no package but `effect`.
 * Where other libraries in the process use the OpenTelemetry SDK, use `Otel`.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Thunderline } from "thunderline"
 * import { Otlp } from "thunderline/otlp"
 *
 * const Main = Thunderline.layer({ domains: [] }).pipe(Layer.provide(Otlp.layer({ url: "http://127.0.0.1:4318" })))
 * ```
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as OtlpExporter from "effect/observability/OtlpExporter"
import * as OtlpLogger from "effect/observability/OtlpLogger"
import * as OtlpMetrics from "effect/observability/OtlpMetrics"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as Backoff from "../model/Backoff.ts"
import * as SafeTelemetry from "../telemetry/SafeTelemetry.ts"
import * as ExportContext from "./ExportContext.ts"
import * as ExportLosses from "./ExportLosses.ts"
import * as OtelSettings from "./OtelSettings.ts"
import type { OtelOptions, Sampler, Signal } from "./OtelSettings.ts"

export type { OtelOptions } from "./OtelSettings.ts"

/** What each request carries, by its body. */
type Loads = WeakMap<HttpBody.HttpBody, { readonly signal: Signal; readonly count: number }>

/** The most requests of one signal at the same time; batches beyond that are lost. */
const maxRequests = 4

const retryable = new Set([408, 429, 502, 503, 504])

/**
 * Bounds every request by the time-out, with its retries. No failure reaches the exporter, which would stop for a minute
 * and count nothing: what cannot be delivered is counted here as lost, and the next batch is tried again.
 */
const bounded =
  (losses: ExportLosses.ExportLosses, loads: Loads, timeout: Duration.Duration) =>
  (client: HttpClient.HttpClient): HttpClient.HttpClient => {
    const running: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 }
    return HttpClient.transform(client, (effect, request) => {
      const accepted = HttpClientResponse.fromWeb(request, new Response(null, { status: 204 }))
      const load = loads.get(request.body)
      if (load === undefined) return Effect.succeed(accepted)
      const { count, signal } = load
      if (running[signal] >= maxRequests) {
        losses.lose(signal, "queue_full", count, "the collector does not answer")
        return Effect.succeed(accepted)
      }
      running[signal]++
      losses.sending(signal, count)
      return effect.pipe(
        Effect.tap((response) => Effect.ignore(response.arrayBuffer)),
        Effect.flatMap((response) => response.status < 300 ? Effect.void : Effect.fail({ status: response.status })),
        Effect.retry({
          schedule: Backoff.schedule({ from: "500 millis", to: "30 seconds" }),
          times: 3,
          while: (error) => !isStatus(error) || retryable.has(error.status)
        }),
        Effect.timeoutOrElse({
          duration: timeout,
          orElse: () => Effect.fail(`no answer within ${Duration.format(timeout)}`)
        }),
        Effect.matchEffect({
          onSuccess: () => Effect.sync(() => losses.sent(signal, count)),
          onFailure: (error) =>
            Effect.sync(() =>
              losses.sent(signal, count, { detail: isStatus(error) ? `status ${error.status}` : String(error) })
            )
        }),
        Effect.ensuring(Effect.sync(() => running[signal]--)),
        Effect.as(accepted)
      )
    })
  }

const isStatus = (error: unknown): error is { readonly status: number } =>
  typeof error === "object" && error !== null && "status" in error

/** JSON, without the unit among the points' attributes; the size of each body is kept in `loads`. */
const serialization = (loads: Loads) =>
  Layer.effect(
    OtlpSerialization.OtlpSerialization,
    Effect.map(OtlpSerialization.OtlpSerialization, (json) => {
      const load = (signal: Signal, count: number, body: HttpBody.HttpBody) => {
        loads.set(body, { signal, count })
        return body
      }
      const sum = <A>(all: ReadonlyArray<A>, count: (one: A) => number) =>
        all.reduce((total, one) => total + count(one), 0)
      return OtlpSerialization.OtlpSerialization.of({
        traces: (data) =>
          load(
            "traces",
            sum(data.resourceSpans, (resource) => sum(resource.scopeSpans, (scope) => scope.spans.length)),
            json.traces(data)
          ),
        logs: (data) =>
          load(
            "logs",
            sum(data.resourceLogs, (resource) => sum(resource.scopeLogs, (scope) => scope.logRecords?.length ?? 0)),
            json.logs(data)
          ),
        metrics: (data) => {
          const points = data.resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics)
            .flatMap(({ metrics }) => metrics)
            .flatMap(({ gauge, histogram, sum, summary }) =>
              [gauge, histogram, sum, summary].flatMap((kind) => kind?.dataPoints ?? [])
            )
          for (const point of points) {
            point.attributes = point.attributes!.filter(({ key }) => key !== "unit" && key !== "time_unit")
          }
          return load("metrics", points.length, json.metrics(data))
        }
      })
    })
  ).pipe(Layer.provide(OtlpSerialization.layerJson))

/** Samples by the trace's id, so that all spans of a trace are treated alike. */
const sampled = ({ parentBased, ratio }: Sampler) => (otlp: Tracer.Tracer): Tracer.Tracer =>
  Tracer.make({
    span: (options) => {
      if (!options.sampled) return Tracer.nativeTracer.span(options)
      const span = otlp.span(options)
      if (parentBased && Option.isSome(options.parent)) return span
      return Number.parseInt(span.traceId.slice(-8), 16) < ratio * 2 ** 32
        ? span
        : Tracer.nativeTracer.span({ ...options, sampled: false })
    }
  })

/**
 * Effect's own OTLP exporter. The standard `OTEL_*` variables hold. Requests are bounded in time and number, so a collector that hangs costs no
 * memory; what it did not take is counted and logged. Its end takes `shutdownTimeout` at most.
 */
export const layer = (options?: OtelOptions): Layer.Layer<never> =>
  Layer.unwrap(Effect.gen(function*() {
    const settings = yield* OtelSettings.read(options)
    const { endpoints, headers, shutdownTimeout } = settings
    const { "service.name": serviceName, ...attributes } = settings.resource
    const losses = yield* ExportLosses.make({ capacity: settings.maxQueueSize })
    const loads: Loads = new WeakMap()
    const common = (signal: Signal, url: string) => ({
      url,
      headers: headers[signal],
      resource: { serviceName, attributes },
      shutdownTimeout
    })
    const { logs, metrics, traces } = endpoints
    return Layer.mergeAll(
      traces === undefined ? Layer.empty : Layer.effect(
        Tracer.Tracer,
        OtlpTracer.make(common("traces", traces)).pipe(
          Effect.map(sampled(settings.sampler)),
          Effect.map(SafeTelemetry.tracer)
        )
      ),
      metrics === undefined ? Layer.empty : Layer.effectDiscard(
        OtlpMetrics.make({ ...common("metrics", metrics), exportInterval: settings.metricInterval })
      ),
      logs === undefined
        ? Layer.empty
        : Logger.layer([Effect.map(OtlpLogger.make(common("logs", logs)), SafeTelemetry.logger)], {
          mergeWithExisting: true
        }),
      ExportContext.layer(settings, losses)
    ).pipe(
      Layer.provide(OtlpExporter.layerFlusher),
      Layer.provide(serialization(loads)),
      Layer.provide(Layer.effect(
        HttpClient.HttpClient,
        Effect.map(HttpClient.HttpClient, bounded(losses, loads, settings.exportTimeout))
      )),
      Layer.provide(FetchHttpClient.layer),
      Layer.provide(ExportContext.withoutTracerLogger)
    )
  }))
