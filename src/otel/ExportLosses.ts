import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as SafeTelemetry from "../telemetry/SafeTelemetry.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { type Signal, signals } from "./OtelSettings.ts"

/** Why something did not reach the collector. */
export type LossReason = "queue_full" | "export_failed" | "shutdown"

const items: Readonly<Record<Signal, string>> = { traces: "span", metrics: "metric point", logs: "log record" }

/**
 * The account of what is on its way to the collector, bounded by `capacity` for each signal. What is lost is counted in
 * `thunderline.telemetry.dropped`, and logged in one line at the start of an outage and one at its end.
 */
export interface ExportLosses {
  /** Adds one item to the queue; `false` when there is no room. */
  readonly enqueue: (signal: Signal) => boolean
  /** A batch leaves the queue to be sent. */
  readonly sending: (signal: Signal, count: number) => void
  /** The result of a batch that was sent; `detail` says why it was lost. */
  readonly sent: (signal: Signal, count: number, lost?: { readonly detail: string }) => void
  /** Items are lost that were not queued. */
  readonly lose: (signal: Signal, reason: LossReason, count: number, detail: string) => void
  /** What readiness says of it. */
  readonly degraded: () => ReadonlyArray<string>
}

/** An empty account. At its end it logs what was not delivered. */
export const make = Effect.fnUntraced(function*(options: {
  readonly capacity: number
}): Effect.fn.Return<ExportLosses, never, Scope.Scope> {
  const context = yield* Effect.context<Scope.Scope>()
  const fork = Effect.runForkWith(Context.omit()(context))
  const run = (line: Effect.Effect<void>) => fork(SafeTelemetry.protect(line))
  const open = (): Record<Signal, number> => ({ traces: 0, metrics: 0, logs: 0 })
  const queued = open()
  const inFlight = open()
  /** What was lost of each signal since its last success. */
  const recent = open()
  const failing = new Set<Signal>()
  let lost = open()
  const makeCounter = (signal: Signal, reason: LossReason) => {
    const counter = Telemetry.counter("thunderline.telemetry.dropped", {
      [Telemetry.attribute.signal]: signal,
      [Telemetry.attribute.reason]: reason
    })
    // A series that starts at 1 shows no increase in Prometheus.
    Telemetry.update(counter, 0, context)
    return counter
  }
  const makeCounters = (signal: Signal) => ({
    queue_full: makeCounter(signal, "queue_full"),
    export_failed: makeCounter(signal, "export_failed"),
    shutdown: makeCounter(signal, "shutdown")
  })
  const counters = { traces: makeCounters("traces"), metrics: makeCounters("metrics"), logs: makeCounters("logs") }

  const listed = (counts: Record<Signal, number>) =>
    signals.filter((signal) => counts[signal] > 0)
      .map((signal) => `${counts[signal]} ${items[signal]}${counts[signal] === 1 ? "" : "s"}`).join(", ")

  const lose = (signal: Signal, reason: LossReason, count: number, detail: string) => {
    if (count === 0) return
    Telemetry.update(counters[signal][reason], count, context)
    lost[signal] += count
    recent[signal] += count
    if (failing.size === 0) {
      run(
        Telemetry.event("thunderline.telemetry.lost")(
          Effect.logWarning(`[Telemetry] The ${items[signal]}s do not reach the collector and are dropped: ${detail}`)
        )
      )
    }
    failing.add(signal)
  }

  const delivered = (signal: Signal) => {
    const clean = recent[signal] === 0
    recent[signal] = 0
    if (!clean || !failing.delete(signal) || failing.size > 0) return
    const total = listed(lost)
    lost = open()
    run(
      Telemetry.event("thunderline.telemetry.recovered")(
        Effect.logInfo(`[Telemetry] The collector is reached again; lost until then: ${total}`)
      )
    )
  }

  yield* Effect.addFinalizer(() => {
    const left = open()
    for (const signal of signals) left[signal] = queued[signal] + inFlight[signal]
    const total = listed(left)
    if (total === "") return Effect.void
    // Logged in one line below.
    failing.add("traces")
    for (const signal of signals) lose(signal, "shutdown", left[signal], "")
    return Telemetry.event("thunderline.telemetry.lost")(
      Effect.logWarning(`[Telemetry] Not delivered at the end: ${total}`)
    ).pipe(SafeTelemetry.protect)
  })

  return {
    enqueue: (signal) => {
      if (queued[signal] >= options.capacity) {
        lose(signal, "queue_full", 1, `${options.capacity} of them wait already`)
        return false
      }
      queued[signal]++
      return true
    },
    sending: (signal, count) => {
      queued[signal] = Math.max(0, queued[signal] - count)
      inFlight[signal] += count
    },
    sent: (signal, count, failure) => {
      inFlight[signal] -= count
      if (failure === undefined) delivered(signal)
      else lose(signal, "export_failed", count, failure.detail)
    },
    lose,
    degraded: () =>
      failing.size === 0
        ? []
        : [`telemetry: ${signals.filter((signal) => failing.has(signal)).join(", ")} do not reach the collector`]
  }
})
