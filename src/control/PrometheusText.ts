import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"

const suffixes: Readonly<Record<string, string>> = { s: "_seconds", ms: "_milliseconds", By: "_bytes" }

/** The name that Prometheus 3 gives to a metric that it receives by OTLP: it adds the unit and `_total`. */
const nameOf = ({ attributes, id, state, type }: Metric.Metric.Snapshot): string => {
  const unit = suffixes[attributes?.["unit"] ?? ""] ?? ""
  return id + unit + (type === "Counter" && state.incremental ? "_total" : "")
}

/** A counter that can fall is a gauge to Prometheus. */
const asGauge = (metric: Metric.Metric.Metadata<any, any>, context: Context.Context<never>) => {
  if (metric.type !== "Counter") return metric
  const state: Metric.CounterState<number> = metric.hooks.get(context)
  const hooks = { ...metric.hooks, get: () => ({ value: state.count }) }
  return state.incremental ? metric : { ...metric, type: "Gauge" as const, hooks }
}

/**
 * All metrics of the program in Prometheus' text format. Names and types are those that Prometheus 3 gives to the same
 * metrics when it receives them by OTLP, so that one dashboard fits both.
 */
export const formatUnsafe = (context: Context.Context<never>): string => {
  const metrics = Array.from(Context.get(context, Metric.MetricRegistry))
  const registry = new Map(metrics.map(([key, metric]) => [key, asGauge(metric, context)]))
  const shown = Context.add(context, Metric.MetricRegistry, registry)
  const names = new Map(Metric.snapshotUnsafe(shown).map((snapshot) => [snapshot.id, nameOf(snapshot)]))
  return PrometheusMetrics.formatUnsafe(shown, { metricNameMapper: (id) => names.get(id) ?? id })
}

/** All metrics of the context in which the effect runs. */
export const format: Effect.Effect<string> = Effect.contextWith((context: Context.Context<never>) =>
  Effect.sync(() => formatUnsafe(context))
)

/** `GET /metrics` on the router: all metrics of the context in which the layer is built. */
export const layer: Layer.Layer<never, never, HttpRouter.HttpRouter> = HttpRouter.use((router) =>
  Effect.contextWith((context: Context.Context<never>) =>
    router.add(
      "GET",
      "/metrics",
      Effect.sync(() =>
        HttpServerResponse.text(formatUnsafe(context), { contentType: "text/plain; version=0.0.4; charset=utf-8" })
      )
    )
  )
)
