import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import * as PrometheusText from "../../src/control/PrometheusText.ts"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import * as NodeMetrics from "../../src/node/NodeMetrics.ts"
import * as ExportLosses from "../../src/otel/ExportLosses.ts"
import * as ShutdownLimit from "../../src/supervision/ShutdownLimit.ts"
import * as Loop from "../../src/telemetry/Loop.ts"
import * as Telemetry from "../../src/telemetry/Telemetry.ts"
import * as Fault from "../../src/testing/Fault.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import type { Repo } from "../../src/trail/Repo.ts"
import type { RepoWriter } from "../../src/trail/RepoWriter.ts"
import { root } from "../cli/Process.ts"
import { awaitStates, trail } from "../support/app.ts"
import { settle } from "../support/awaitState.ts"
import { accept } from "../support/bus.ts"
import { expressions, labelsIn, namesIn } from "../support/Deploy.ts"
import * as FaultyRepo from "../support/FaultyRepo.ts"
import { tick } from "../support/values.ts"

interface Line {
  readonly text: string
  readonly annotations: Readonly<Record<string, unknown>>
  readonly span: Tracer.AnySpan | undefined
}

/** What was made of spans, metrics and log lines while the scope was open, apart from every other test. */
const recording = (level: "All" | "Debug") => {
  const spans: Array<Tracer.Span> = []
  const lines: Array<Line> = []
  const registry: Metric.MetricRegistry = new Map()
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const logger = Logger.make<unknown, void>(({ fiber, message }) => {
    lines.push({
      text: String(message),
      annotations: { ...fiber.getRef(References.CurrentLogAnnotations) },
      span: Context.getOrUndefined(fiber.context, Tracer.ParentSpan)
    })
  })
  const layer = Layer.mergeAll(
    Logger.layer([logger]),
    Layer.succeed(Tracer.Tracer, tracer),
    Layer.succeed(Metric.MetricRegistry, registry),
    Layer.succeed(References.MinimumTraceLevel, level)
  )
  const snapshot = () => Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))
  return { spans, lines, snapshot, layer }
}

const restart = Domain.restartPolicy({ limit: 2 })

/** Everything that can happen to domains, once: what is made of it by name. */
const life = Effect.fnUntraced(function*(level: "All" | "Debug") {
  const recorded = recording(level)
  const events: Array<DomainEvent> = []
  const steady = Domain.make("steady", {
    layer: Layer.effectDiscard(Effect.log("built").pipe(Effect.withSpan("inside"))),
    onTick: () => Effect.log("ticked")
  })
  const connection = Layer.effectDiscard(Effect.addFinalizer(() => Effect.void))
  const slow = Domain.make("slow", { layer: connection, maxMissedTicks: 50 })
  const flaky = Domain.make("flaky", { layer: connection, restart, dependsOn: [steady] })
  const broken = Domain.make("broken", { layer: Layer.empty, restart: "never" })
  const stubborn = Domain.make("stubborn", { layer: Layer.empty, shutdownTimeout: "1 second" })
  const messy = Domain.make("messy", { layer: Layer.effectDiscard(Effect.forkDetach(Effect.fail("nobody awaits me"))) })
  yield* Effect.gen(function*() {
    const domains = yield* Fault.inject([steady, slow, flaky, broken, stubborn, messy], [
      { _tag: "SlowTick", domain: "slow", ms: 5_000 },
      { _tag: "FailTick", domain: "flaky", generation: 1, tick: 2 },
      { _tag: "FailActivation", domain: "broken" },
      { _tag: "HangShutdown", domain: "stubborn" },
      { _tag: "FailShutdown", domain: "messy" }
    ])
    const main = Thunderline.layer({
      domains,
      repo: Layer.effectContext(Effect.context<Repo | RepoWriter>()),
      outbox: { capacity: 8 }
    }) as Layer.Layer<Thunderline.Infrastructure, unknown, Repo | RepoWriter>
    yield* Effect.gen(function*() {
      const faults = yield* FaultyRepo.Faults
      const control = yield* DomainControl
      yield* TestClock.adjust("1 second")
      yield* awaitStates({ steady: "active", slow: "active", flaky: "active", broken: "crashed", messy: "active" })
      yield* TestClock.adjust("2 seconds")
      yield* awaitStates({ flaky: "restarting" })
      yield* TestClock.adjust("3 seconds")
      yield* awaitStates({ flaky: "active" })
      faults.down = true
      yield* control.restart("steady")
      yield* awaitStates({ steady: "active", flaky: "active" })
      const unending = Domain.use(stubborn, Effect.uninterruptible(Effect.never))
      yield* Effect.forkChild(Effect.ignore(unending), { startImmediately: true })
      yield* control.deactivate("messy")
      yield* control.deactivate("stubborn")
      yield* TestClock.adjust("1 second")
      yield* control.activate("messy")
      yield* awaitStates({ messy: "active", stubborn: "inactive" })
      faults.down = false
      yield* TestClock.adjust("5 seconds")
      for (let n = 100; n < 120; n++) {
        yield* accept(tick(n, { lateness: Duration.millis(800) }))
      }
      yield* settle
      events.push(...(yield* trail))
    }).pipe(Effect.provide(Layer.provideMerge(main, FaultyRepo.layer)))
  }).pipe(Effect.provide(recorded.layer))
  return { ...recorded, events }
})

const document = readFileSync(join(root, "docs/telemetry.md"), "utf8")

/** The table that a marker of the document stands before, row by row. */
const table = (marker: string): ReadonlyArray<ReadonlyArray<string>> =>
  document.split(`<!-- ${marker} -->\n`)[1]!.split("\n\n")[0]!.trim().split("\n").slice(2)
    .map((row) => row.slice(2, -2).split(" | "))

const code = (text: string) => `\`${text}\``

/** The name that Prometheus has for a metric. */
const prometheusName = (name: string, { type, unit }: Telemetry.Definition) =>
  name.replaceAll(".", "_") + (unit === "s" ? "_seconds" : unit === "By" ? "_bytes" : "") +
  (type === "counter" ? "_total" : "")

const definitions: ReadonlyArray<readonly [string, Telemetry.Definition]> = Object.entries(Telemetry.metrics)

describe("docs/telemetry.md", () => {
  it("lists every span, metric and log event that there is", () => {
    assert.deepStrictEqual(table("spans"), Object.entries(Telemetry.spans).map(([name, when]) => [code(name), when]))
    assert.deepStrictEqual(table("events"), Object.entries(Telemetry.events).map(([name, when]) => [code(name), when]))
    assert.deepStrictEqual(
      table("metrics"),
      definitions.map(([name, metric]) => [
        code(name),
        metric.type,
        code(metric.unit),
        metric.attributes.map(code).join(", "),
        code(prometheusName(name, metric)),
        metric.description
      ])
    )
  })

  it.effect("lists what is emitted, and nothing else", () =>
    Effect.gen(function*() {
      const { lines, snapshot, spans } = yield* life("Debug")
      const other = recording("All")
      yield* Effect.gen(function*() {
        yield* Layer.build(NodeMetrics.layer)
        yield* Loop.supervised("test", Effect.void)
        yield* settle
        const losses = yield* ExportLosses.make({ capacity: 1 })
        losses.lose("traces", "export_failed", 1, "by test")
        losses.sent("traces", 0)
        losses.sent("traces", 0)
        const ended = yield* Effect.forkChild(ShutdownLimit.end(Effect.never, ShutdownLimit.make("1 second")))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(ended)
      }).pipe(Effect.scoped, Effect.provide(other.layer))

      const made = new Set(spans.map(({ name }) => name.replace(/^Repo\..*/, "Repo.*")))
      made.delete("inside")
      const operations = ["DomainControl.restart", "DomainControl.activate", "DomainControl.deactivate"]
      assert.sameMembers(Array.from(made), Object.keys(Telemetry.spans))
      assert.includeMembers(Array.from(made), operations)

      const events = [...lines, ...other.lines].flatMap(({ annotations }) => annotations["event.name"] ?? [])
      assert.sameMembers(Array.from(new Set(events)), Object.keys(Telemetry.events))

      const series = [...snapshot(), ...other.snapshot()]
      assert.sameMembers(Array.from(new Set(series.map(({ id }) => id))), Object.keys(Telemetry.metrics))
      for (const { attributes, description, id, type } of series) {
        const metric: Telemetry.Definition = Telemetry.metrics[id as keyof typeof Telemetry.metrics]
        const { unit, ...others } = attributes!
        assert.deepStrictEqual([description, unit], [metric.description, metric.unit], id)
        assert.includeMembers([...metric.attributes], Object.keys(others), id)
        assert.strictEqual(
          type,
          { counter: "Counter", upDownCounter: "Counter", gauge: "Gauge", histogram: "Histogram" }[metric.type]
        )
      }
      for (const [name, { attributes }] of definitions) {
        const seen = series.filter(({ id }) => id === name).flatMap((one) => Object.keys(one.attributes!))
        assert.includeMembers(seen, [...attributes], name)
      }
    }))
})

describe("Telemetry", () => {
  it.effect("makes a root of every activation, linked to its tick, with what the layer does inside of it", () =>
    Effect.gen(function*() {
      const { events, lines, spans } = yield* life("All")
      const activations = spans.filter(({ name }) => name === "Domain.activate")
      const opened = events.filter(({ to }) => to === "activating")
      assert.deepStrictEqual(
        opened.map(({ spanId, traceId }) => [traceId, spanId]),
        activations.filter(({ spanId }) => opened.some((event) => event.spanId === spanId))
          .map(({ spanId, traceId }) => [traceId, spanId])
      )
      for (const span of activations) {
        assert.strictEqual(span.parent._tag, "None")
        assert.strictEqual(span.status._tag, "Ended")
        assert.deepStrictEqual(span.links.map((link) => (link.span as Tracer.Span).name), ["TickGenerator.tick"])
        const tick = span.links[0]!.span as Tracer.Span
        assert.strictEqual(
          span.attributes.get("thunderline.tick.count"),
          tick.attributes.get("thunderline.tick.count")
        )
      }
      const inside = spans.find(({ name }) => name === "inside")!
      const parent = inside.parent._tag === "Some" ? inside.parent.value : undefined
      assert.strictEqual(parent?._tag === "Span" ? parent.name : "", "Domain.activate")
      const built = lines.find(({ text }) => text === "built")!
      assert.deepStrictEqual(
        [built.annotations["domain"], built.annotations["tick"], built.span?.traceId],
        ["steady", 1, inside.traceId]
      )
      const ticked = lines.find(({ text }) => text === "ticked")!
      assert.deepStrictEqual([ticked.annotations["domain"], ticked.annotations["tick"]], ["steady", 2])
      for (const span of spans.filter(({ name }) => name === "Domain.deactivate")) {
        assert.strictEqual((span.links[0]!.span as Tracer.Span).name, "Domain.activate")
      }
    }))

  it.effect("makes spans of ticks only where a gate opened, unless traces are made at level Debug", () =>
    Effect.gen(function*() {
      const ticks = (spans: ReadonlyArray<Tracer.Span>) =>
        spans.filter(({ name }) => name === "TickGenerator.tick")
          .map((span) => span.attributes.get("thunderline.tick.count"))
      const few = yield* life("All")
      const linked = few.spans.filter(({ name }) => name === "Domain.activate")
        .map((span) => span.attributes.get("thunderline.tick.count"))
      assert.deepStrictEqual(ticks(few.spans), Array.from(new Set(linked)))
      assert.isFalse(few.spans.some(({ name }) => name === "Domain.tick"))
      const all = yield* life("Debug")
      const sent = ticks(all.spans)
      assert.deepStrictEqual(sent, Array.from(sent, (_, i) => i + 1))
      assert.isAbove(sent.length, linked.length)
    }))
})

describe("GET /metrics", () => {
  it.live("gives the names that the dashboard and the alerts ask for, and Prometheus's types", () =>
    Effect.gen(function*() {
      const { layer } = recording("All")
      const flaky = Domain.make("flaky", {
        layer: Layer.empty,
        restart: Domain.restartPolicy({ limit: 1 }),
        maxMissedTicks: 1_000,
        onTick: () => Effect.void
      })
      const text = yield* Effect.gen(function*() {
        const domains = yield* Fault.inject([flaky], [
          { _tag: "FailActivation", domain: "flaky", generation: 1 },
          { _tag: "SlowTick", domain: "flaky", generation: 2, tick: 1, ms: 100 }
        ])
        const app = Thunderline.layer({ domains, interval: "20 millis" }) as Layer.Layer<Thunderline.Infrastructure>
        const server = HttpRouter.serve(PrometheusText.layer, { disableLogger: true, disableListenLog: true }).pipe(
          Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
          Layer.provideMerge(Layer.merge(app, NodeMetrics.layer))
        )
        return yield* Effect.gen(function*() {
          const { address } = yield* HttpServer.HttpServer
          const port = "port" in address ? address.port : 0
          yield* ExportLosses.make({ capacity: 1 })
          const handled = (body: string) =>
            body.includes("thunderline_domain_ticks_coalesced_total{") &&
            body.includes("thunderline_domain_tick_duration_seconds_count{")
          return yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text()))
            .pipe(Effect.repeat({ until: handled, schedule: Schedule.spaced("20 millis") }))
        }).pipe(Effect.scoped, Effect.provide(server))
      }).pipe(Effect.provide(layer))

      const types = new Map(Array.from(text.matchAll(/^# TYPE (\S+) (\S+)$/gm), ([_, name, type]) => [name!, type!]))
      const expected = definitions.map(([name, metric]) =>
        [prometheusName(name, metric), metric.type === "upDownCounter" ? "gauge" : metric.type] as const
      )
      assert.deepStrictEqual(Array.from(types).sort(), expected.toSorted() as never)
      assert.notMatch(text, /unit=/)
      assert.match(text, /^thunderline_domain_count\{thunderline_domain_state="active"\} 1$/m)
      assert.match(text, /^thunderline_domain_restarts_total\{thunderline_domain_name="flaky"\} 1$/m)

      const names = new Set(Array.from(text.matchAll(/^(\w+)(?:\{(.*)\})? /gm), ([_, name]) => name!))
      const labels = new Set(Array.from(text.matchAll(/(\w+)="/g), ([_, label]) => label!))
      for (const { expression } of expressions) {
        for (const name of namesIn(expression)) {
          if (!name.startsWith("otelcol_")) assert.isTrue(names.has(name), `${name} in ${expression}`)
        }
        for (const label of labelsIn(expression)) assert.isTrue(labels.has(label), `${label} in ${expression}`)
      }
    }))
})
