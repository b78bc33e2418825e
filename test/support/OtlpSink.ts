import * as Effect from "effect/Effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

export type Attributes = Readonly<Record<string, unknown>>

export interface SinkSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly kind: number
  /** Milliseconds since the epoch. */
  readonly start: number
  readonly end: number
  readonly error: boolean
  readonly attributes: Attributes
  readonly links: ReadonlyArray<{ readonly traceId: string; readonly spanId: string }>
  readonly events: ReadonlyArray<string>
  readonly resource: Attributes
}

export interface SinkPoint {
  readonly name: string
  readonly unit: string
  readonly type: "counter" | "upDownCounter" | "gauge" | "histogram"
  readonly attributes: Attributes
  /** The value; of a histogram the number of what was measured. */
  readonly value: number
  readonly sum: number | undefined
  readonly time: bigint
  readonly resource: Attributes
}

export interface SinkLog {
  readonly body: string
  readonly severity: string
  readonly traceId: string
  readonly spanId: string
  readonly attributes: Attributes
  readonly resource: Attributes
}

const valueOf = (value: any): unknown =>
  value?.stringValue ?? value?.boolValue ?? value?.doubleValue ??
    (value?.intValue === undefined ? value?.arrayValue?.values?.map(valueOf) : Number(value.intValue))

const attributesOf = (pairs: ReadonlyArray<any> | undefined): Attributes =>
  Object.fromEntries((pairs ?? []).map(({ key, value }) => [key, valueOf(value)]))

const millis = (nanos: string): number => Number(BigInt(nanos) / 1_000n) / 1_000

const spansOf = (body: any): Array<SinkSpan> =>
  (body.resourceSpans ?? []).flatMap((resource: any) =>
    resource.scopeSpans.flatMap((scope: any) =>
      scope.spans.map((span: any): SinkSpan => ({
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? "",
        kind: span.kind,
        start: millis(span.startTimeUnixNano),
        end: millis(span.endTimeUnixNano),
        error: span.status?.code === 2,
        attributes: attributesOf(span.attributes),
        links: (span.links ?? []).map(({ spanId, traceId }: any) => ({ traceId, spanId })),
        events: (span.events ?? []).map(({ name }: any) => name),
        resource: attributesOf(resource.resource.attributes)
      }))
    )
  )

const pointsOf = (body: any): Array<SinkPoint> =>
  (body.resourceMetrics ?? []).flatMap((resource: any) =>
    resource.scopeMetrics.flatMap((scope: any) =>
      scope.metrics.flatMap((metric: any) => {
        const data = metric.sum ?? metric.gauge ?? metric.histogram
        const type = metric.histogram
          ? "histogram"
          : metric.gauge
          ? "gauge"
          : metric.sum.isMonotonic
          ? "counter"
          : "upDownCounter"
        return (data.dataPoints ?? []).map((point: any): SinkPoint => ({
          name: metric.name,
          unit: metric.unit,
          type,
          attributes: attributesOf(point.attributes),
          value: Number(point.count ?? point.asDouble ?? point.asInt ?? 0),
          sum: point.sum,
          time: BigInt(point.timeUnixNano),
          resource: attributesOf(resource.resource.attributes)
        }))
      })
    )
  )

const logsOf = (body: any): Array<SinkLog> =>
  (body.resourceLogs ?? []).flatMap((resource: any) =>
    resource.scopeLogs.flatMap((scope: any) =>
      scope.logRecords.map((record: any): SinkLog => ({
        body: String(valueOf(record.body)),
        severity: record.severityText,
        traceId: record.traceId ?? "",
        spanId: record.spanId ?? "",
        attributes: attributesOf(record.attributes),
        resource: attributesOf(resource.resource.attributes)
      }))
    )
  )

/** What a receiver of OTLP in JSON has been sent. */
export interface OtlpSink {
  readonly url: string
  readonly spans: Array<SinkSpan>
  readonly points: Array<SinkPoint>
  readonly logs: Array<SinkLog>
  /** The newest point of each series of a metric. */
  readonly latest: (metric: string) => ReadonlyArray<SinkPoint>
  /** Returns when a state holds, which is looked at with everything that comes. */
  readonly until: (holds: () => boolean) => Effect.Effect<void>
}

/** A receiver of OTLP in JSON over HTTP, for the life of the scope. */
export const make = Effect.acquireRelease(
  Effect.callback<OtlpSink & { readonly close: () => void }>((resume) => {
    const spans: Array<SinkSpan> = []
    const points: Array<SinkPoint> = []
    const logs: Array<SinkLog> = []
    const listeners = new Set<() => void>()
    const server = createServer((request, response) => {
      // A real collector takes nothing but what is posted to it.
      if (request.method !== "POST") return void response.writeHead(404).end()
      const chunks: Array<Buffer> = []
      request.on("data", (chunk) => chunks.push(chunk)).on("end", () => {
        const body = JSON.parse(Buffer.concat(chunks).toString("utf8"))
        spans.push(...spansOf(body))
        points.push(...pointsOf(body))
        logs.push(...logsOf(body))
        response.setHeader("content-type", "application/json").end("{}")
        for (const listener of listeners) listener()
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      resume(Effect.succeed({
        url: `http://127.0.0.1:${port}`,
        spans,
        points,
        logs,
        latest: (metric) => {
          const series = new Map<string, SinkPoint>()
          for (const point of points) {
            if (point.name !== metric) continue
            const key = JSON.stringify(Object.entries(point.attributes).sort())
            if ((series.get(key)?.time ?? -1n) <= point.time) series.set(key, point)
          }
          return Array.from(series.values())
        },
        until: (holds) =>
          Effect.callback<void>((resume) => {
            const look = () => {
              if (!holds()) return
              listeners.delete(look)
              resume(Effect.void)
            }
            listeners.add(look)
            look()
            return Effect.sync(() => listeners.delete(look))
          }),
        close: () => {
          server.closeAllConnections()
          server.close()
        }
      }))
    })
  }),
  (sink) => Effect.sync(sink.close)
)
