import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http"
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http"
import { BatchLogRecordProcessor, type LogRecordProcessor } from "@opentelemetry/sdk-logs"
import { PeriodicExportingMetricReader, type ResourceMetrics } from "@opentelemetry/sdk-metrics"
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from "@opentelemetry/sdk-trace-base"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Tracer from "effect/Tracer"
import * as SafeTelemetry from "../telemetry/SafeTelemetry.ts"
import * as ExportContext from "./ExportContext.ts"
import * as ExportLosses from "./ExportLosses.ts"
import * as OtelSettings from "./OtelSettings.ts"
import type { OtelOptions, Signal } from "./OtelSettings.ts"

type ExportResult = Parameters<Parameters<SpanExporter["export"]>[1]>[0]

interface Exporter<Batch> {
  export(batch: Batch, done: (result: ExportResult) => void): void
}

/** The exporter, with its batches counted. */
const accounted = <Batch, E extends Exporter<Batch>>(
  exporter: E,
  losses: ExportLosses.ExportLosses,
  signal: Signal,
  count: (batch: Batch) => number,
  shape: (batch: Batch) => Batch = (batch) => batch
): E =>
  Object.assign(Object.create(exporter) as E, {
    export: (batch: Batch, done: (result: ExportResult) => void) => {
      const size = count(batch)
      losses.sending(signal, size)
      exporter.export(shape(batch), (result) => {
        // 0 is success.
        losses.sent(
          signal,
          size,
          result.code === 0 ? undefined : { detail: result.error?.message ?? "no reason given" }
        )
        done(result)
      })
    }
  })

const sizeOf = (batch: ReadonlyArray<unknown>): number => batch.length

const points = (batch: ResourceMetrics): number =>
  batch.scopeMetrics.reduce(
    (sum, scope) => scope.metrics.reduce((count, metric) => count + metric.dataPoints.length, sum),
    0
  )

/** Removes the unit from the points' attributes: it has a field of its own. */
const withoutUnits = (batch: ResourceMetrics): ResourceMetrics => {
  const clean = <Point extends { readonly attributes: object }>(point: Point): Point => {
    const { time_unit: _1, unit: _2, ...attributes } = point.attributes as Record<string, unknown>
    return { ...point, attributes }
  }
  return {
    ...batch,
    scopeMetrics: batch.scopeMetrics.map((scope) => ({
      ...scope,
      metrics: scope.metrics.map((metric) =>
        Object.assign({}, metric, { dataPoints: (metric.dataPoints as Array<{ attributes: object }>).map(clean) })
      )
    }))
  }
}

/** Effect decides first: what it does not sample, by `sampled` or by level, does not reach the SDK. */
const respectSampled = (sdk: Tracer.Tracer): Tracer.Tracer =>
  Tracer.make({ span: (options) => options.sampled ? sdk.span(options) : Tracer.nativeTracer.span(options) })

/** The SDK and its exporters; `Otel.layer` loads this module when it is used. */
export const layer = (options?: OtelOptions): Layer.Layer<never> =>
  Layer.unwrap(Effect.gen(function*() {
    const settings = yield* OtelSettings.read(options)
    const { endpoints, maxExportBatchSize, maxQueueSize, resource } = settings
    const losses = yield* ExportLosses.make({ capacity: maxQueueSize })
    const timeoutMillis = Duration.toMillis(settings.exportTimeout)

    const spanProcessor = (url: string): SpanProcessor => {
      const exporter = accounted(new OTLPTraceExporter({ url, timeoutMillis }), losses, "traces", sizeOf)
      const batches = new BatchSpanProcessor(exporter, { maxQueueSize, maxExportBatchSize })
      return {
        onStart: () => {},
        onEnd: (span) => {
          if ((span.spanContext().traceFlags & 1) === 1 && losses.enqueue("traces")) batches.onEnd(span)
        },
        forceFlush: () => batches.forceFlush(),
        shutdown: () => batches.shutdown()
      }
    }

    const logRecordProcessor = (url: string): LogRecordProcessor => {
      const exporter = accounted(new OTLPLogExporter({ url, timeoutMillis }), losses, "logs", sizeOf)
      const batches = new BatchLogRecordProcessor({ exporter, maxQueueSize, maxExportBatchSize })
      return {
        onEmit: (record) => {
          if (losses.enqueue("logs")) batches.onEmit(record)
        },
        forceFlush: () => batches.forceFlush(),
        shutdown: () => batches.shutdown()
      }
    }

    const metricReader = (url: string) => {
      const exportIntervalMillis = Duration.toMillis(settings.metricInterval)
      return new PeriodicExportingMetricReader({
        exporter: accounted(new OTLPMetricExporter({ url, timeoutMillis }), losses, "metrics", points, withoutUnits),
        exportIntervalMillis,
        exportTimeoutMillis: Math.min(exportIntervalMillis, timeoutMillis)
      })
    }

    const { "service.name": serviceName, ...attributes } = resource
    const sdk = NodeSdk.layer(() => ({
      resource: { serviceName: serviceName!, attributes },
      spanProcessor: endpoints.traces === undefined ? undefined : spanProcessor(endpoints.traces),
      metricReader: endpoints.metrics === undefined ? undefined : metricReader(endpoints.metrics),
      logRecordProcessor: endpoints.logs === undefined ? undefined : logRecordProcessor(endpoints.logs),
      shutdownTimeout: settings.shutdownTimeout
    }))
    const tracer = Layer.effect(
      Tracer.Tracer,
      Effect.map(Tracer.Tracer, (sdk) => SafeTelemetry.tracer(respectSampled(sdk)))
    )
    const loggers = Layer.effect(
      Logger.CurrentLoggers,
      Effect.map(Logger.CurrentLoggers, (loggers) => new Set(Array.from(loggers, SafeTelemetry.logger)))
    )
    return Layer.mergeAll(tracer, loggers, ExportContext.layer(settings, losses)).pipe(
      Layer.provideMerge(sdk),
      Layer.provide(ExportContext.withoutTracerLogger)
    )
  }))
