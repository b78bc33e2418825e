import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import { attempt } from "../model/ForeignValue.ts"

/** Attributes of spans and metrics. A domain's name is always one of these, never a part of a name. */
export const attribute = {
  domain: "thunderline.domain.name",
  state: "thunderline.domain.state",
  generation: "thunderline.generation",
  tick: "thunderline.tick.count",
  epoch: "thunderline.tick.epoch",
  wave: "thunderline.wave",
  run: "thunderline.run.id",
  reason: "thunderline.reason",
  status: "status",
  error: "error.type",
  signal: "thunderline.telemetry.signal",
  loop: "thunderline.loop.name"
} as const

/** What a metric is: an `upDownCounter` is a number of things that are there now, a `gauge` a reading. */
export interface Definition {
  readonly type: "counter" | "upDownCounter" | "gauge" | "histogram"
  /** UCUM: `s`, `By`, or what is counted in braces. */
  readonly unit: string
  readonly attributes: ReadonlyArray<string>
  readonly description: string
}

/** Every metric that Thunderline has, by name; docs/telemetry.md is this table. */
export const metrics = {
  "thunderline.ticks": {
    type: "counter",
    unit: "{tick}",
    attributes: [],
    description: "Ticks sent"
  },
  "thunderline.tick.lateness": {
    type: "histogram",
    unit: "s",
    attributes: [],
    description: "How far behind its due time a tick was sent"
  },
  "thunderline.tick.fanout.duration": {
    type: "histogram",
    unit: "s",
    attributes: [],
    description: "Time to hand one tick to every active domain with an onTick"
  },
  "thunderline.ticks.skipped": {
    type: "counter",
    unit: "{tick}",
    attributes: [],
    description: "Beats that could not be sent within their interval"
  },
  "thunderline.ticks.refused": {
    type: "counter",
    unit: "{tick}",
    attributes: [],
    description: "Ticks refused because they were not newer than the one before"
  },
  "thunderline.loop.restarts": {
    type: "counter",
    unit: "{restart}",
    attributes: [attribute.loop],
    description: "Loops of Thunderline itself that ended by a bug and run again"
  },
  "thunderline.domain.count": {
    type: "upDownCounter",
    unit: "{domain}",
    attributes: [attribute.state],
    description: "Domains in each state"
  },
  "thunderline.domain.activation.duration": {
    type: "histogram",
    unit: "s",
    attributes: [attribute.domain, attribute.status, attribute.error],
    description: "Time to build a domain's layer and run its onActivate"
  },
  "thunderline.domain.tick.duration": {
    type: "histogram",
    unit: "s",
    attributes: [attribute.domain],
    description: "Time of one onTick that succeeded"
  },
  "thunderline.domain.ticks.coalesced": {
    type: "counter",
    unit: "{tick}",
    attributes: [attribute.domain],
    description: "Ticks that a newer one replaced while the domain was busy"
  },
  "thunderline.domain.restarts": {
    type: "counter",
    unit: "{restart}",
    attributes: [attribute.domain],
    description: "Restarts after a crash, counted when they are scheduled"
  },
  "thunderline.domain.fiber.failures": {
    type: "counter",
    unit: "{failure}",
    attributes: [attribute.domain],
    description: "Failures of fibers that nobody awaited and that no layer owns"
  },
  "thunderline.domain.transitions": {
    type: "counter",
    unit: "{transition}",
    attributes: [attribute.domain, attribute.state],
    description: "Transitions of a domain into each state"
  },
  "thunderline.trail.degraded": {
    type: "gauge",
    unit: "s",
    attributes: [],
    description: "How long the trail has not been writable, 0 while it is"
  },
  "thunderline.outbox.backlog": {
    type: "upDownCounter",
    unit: "{transition}",
    attributes: [],
    description: "Transitions accepted and not yet committed to the trail"
  },
  "thunderline.outbox.written": {
    type: "counter",
    unit: "{transition}",
    attributes: [],
    description: "Transitions committed to the trail"
  },
  "thunderline.outbox.dropped": {
    type: "counter",
    unit: "{transition}",
    attributes: [],
    description: "Transitions lost to the trail: the outbox was full, or the database refused them"
  },
  "thunderline.watchdog.suspended": {
    type: "counter",
    unit: "{tick}",
    attributes: [],
    description: "Ticks so late themselves that no domain was judged by them"
  },
  "thunderline.telemetry.dropped": {
    type: "counter",
    unit: "{item}",
    attributes: [attribute.signal, attribute.reason],
    description: "Spans, log records and metric points that never reached the collector"
  },
  "nodejs.eventloop.delay.p50": {
    type: "gauge",
    unit: "s",
    attributes: [],
    description: "Event loop delay, median of the last 10 seconds"
  },
  "nodejs.eventloop.delay.p99": {
    type: "gauge",
    unit: "s",
    attributes: [],
    description: "Event loop delay, 99th percentile of the last 10 seconds"
  },
  "nodejs.eventloop.delay.max": {
    type: "gauge",
    unit: "s",
    attributes: [],
    description: "Event loop delay, maximum of the last 10 seconds"
  },
  "v8js.memory.heap.used": {
    type: "upDownCounter",
    unit: "By",
    attributes: ["v8js.heap.space.name"],
    description: "Heap memory in use"
  },
  "process.memory.usage": {
    type: "upDownCounter",
    unit: "By",
    attributes: [],
    description: "Physical memory in use"
  }
} as const satisfies Record<string, Definition>

type Names<T extends Definition["type"]> = {
  [N in keyof typeof metrics]: (typeof metrics)[N]["type"] extends T ? N : never
}[keyof typeof metrics]

type Attributes = Readonly<Record<string, string>>

const durations = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

// The exporters take the unit from the attribute of that name, and take it off the points.
const options = (name: keyof typeof metrics, attributes: Attributes | undefined) => ({
  description: metrics[name].description,
  attributes: { unit: metrics[name].unit, ...attributes }
})

/** A handle to a counter. Made once and kept, an `update` costs 60 ns. */
export const counter = (name: Names<"counter">, attributes?: Attributes): Metric.Counter<number> =>
  Metric.counter(name, { ...options(name, attributes), incremental: true })

/** A handle to a histogram of durations in seconds. */
export const histogram = (name: Names<"histogram">, attributes?: Attributes): Metric.Histogram<number> =>
  Metric.histogram(name, {
    ...options(name, attributes),
    boundaries: name === "thunderline.domain.activation.duration" ? durations : [0.001, 0.0025, ...durations]
  })

/** Updates a metric; what users' registry or attributes throw is dropped. */
export const update = <Input>(
  metric: Metric.Metric<Input, any>,
  value: Input,
  context: Context.Context<never>
): void => attempt(() => metric.updateUnsafe(value, context), undefined)

/**
 * Lets a metric be read from where its value is kept, whenever it is exported. When the scope closes it keeps its last
 * value, for the exports after that.
 */
export const observe = (
  name: Names<"counter" | "upDownCounter" | "gauge">,
  read: () => number,
  attributes?: Attributes
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.contextWith((context: Context.Context<Scope.Scope>) => {
    let value = read
    const ignored = { update: () => {}, modify: () => {} }
    const { type } = metrics[name]
    // The registry may be users' own.
    attempt(() => {
      if (type === "gauge") {
        const gauge: Metric.Gauge<number> = Metric.gauge(name, options(name, attributes))
        Metric.registerUnsafe(gauge, context, { ...ignored, get: () => ({ value: value() }) })
      } else {
        const incremental = type === "counter"
        const counter: Metric.Counter<number> = Metric.counter(name, { ...options(name, attributes), incremental })
        Metric.registerUnsafe(counter, context, { ...ignored, get: () => ({ count: value(), incremental }) })
      }
    }, undefined)
    return Effect.addFinalizer(() =>
      Effect.sync(() => {
        const last = read()
        value = () => last
      })
    )
  })

/** Every log event, by its `event.name`; docs/telemetry.md is this table. */
export const events = {
  "thunderline.heartbeat.started": "The heartbeat was started",
  "thunderline.domain.waiting": "A domain waits for its gate",
  "thunderline.domain.activating": "A domain's layer is being built",
  "thunderline.domain.activated": "A domain is active; with `active_count` and `status`",
  "thunderline.domain.crashed": "A domain crashed; with the cause",
  "thunderline.domain.restarting": "A crashed domain restarts after a delay",
  "thunderline.domain.given_up": "A domain stays crashed; the line says why",
  "thunderline.domain.deactivating": "A generation of a domain is being closed",
  "thunderline.domain.deactivated": "A generation of a domain is closed",
  "thunderline.domain.end_failed": "A finalizer or `onDeactivate` failed; with the cause",
  "thunderline.domain.fiber_failed":
    "A fiber failed, nobody awaited it, and no layer owns it; once a minute for each place; with the cause",
  "thunderline.domain.abandoned": "A domain's shutdown exceeded its `shutdownTimeout`, or the application's",
  "thunderline.domain.use_abandoned":
    "A `Domain.use` exceeded the `shutdownTimeout` of the domain whose generation ended",
  "thunderline.shutdown.abandoned": "The application's shutdown exceeded its `shutdownTimeout`",
  "thunderline.layer.built_again": "A domain builds a layer that another domain has built; with `first`, the other one",
  "thunderline.loop.ended": "A loop of Thunderline itself ended by a bug and runs again; with the cause",
  "thunderline.watchdog.suspended": "The heartbeat has been late for ten ticks, so silence is not judged",
  "thunderline.trail.degraded": "The trail cannot be written",
  "thunderline.trail.recovered": "The trail is written again",
  "thunderline.outbox.dropped": "Transitions were lost to the trail",
  "thunderline.telemetry.lost": "Telemetry does not reach the collector; once per outage",
  "thunderline.telemetry.recovered": "Telemetry reaches the collector again; with what was lost"
} as const

/** Names a log line as an event. */
export const event = (
  name: keyof typeof events,
  attributes?: Readonly<Record<string, unknown>>
): (line: Effect.Effect<void>) => Effect.Effect<void> => Effect.annotateLogs({ "event.name": name, ...attributes })

/** Every span, by name; docs/telemetry.md is this table. */
export const spans = {
  "TickGenerator.tick": "One tick; only of ticks that open a gate, and of all when traces are made at level Debug",
  "Domain.activate":
    "From the opening of a domain's gate until it is active or has crashed; a root, linked to its tick",
  "Domain.deactivate": "The end of a domain's generation; a root, linked to the activation",
  "Domain.tick": "One `onTick`; only when traces are made at level Debug",
  "DomainControl.restart": "An operation",
  "DomainControl.activate": "An operation",
  "DomainControl.deactivate": "An operation",
  "Repo.*": "One operation on the trail, by the name of the method; kind client"
} as const
