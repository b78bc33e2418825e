import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { afterEach, vi } from "vitest"
import packageJson from "../../package.json" with { type: "json" }
import { maxCauseLength } from "../../src/model/DomainEvent.ts"
import * as Otel from "../../src/otel/Otel.ts"
import * as OtelSdk from "../../src/otel/OtelSdk.ts"
import * as OtelSettings from "../../src/otel/OtelSettings.ts"
import * as Otlp from "../../src/otel/Otlp.ts"
import { Exporter } from "../../src/telemetry/Exporter.ts"
import * as Hostile from "../support/hostile.ts"
import * as LogLines from "../support/LogLines.ts"
import * as OtlpSink from "../support/OtlpSink.ts"

const exporters = [["the SDK", OtelSdk], ["Effect", Otlp]] as const

type Environment = Readonly<Record<string, string>>

/** The SDK reads some variables of the process itself. */
const withEnvironment = (env: Environment) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  return Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
}

afterEach(() => {
  vi.unstubAllEnvs()
})

/** What arrives of a program that does one of everything, when its telemetry has closed. */
const sent = Effect.fnUntraced(function*(
  exporter: typeof OtelSdk | typeof Otlp,
  env: Environment,
  program: Effect.Effect<void> = Effect.void
) {
  const sink = yield* OtlpSink.make
  const telemetry = exporter.layer({ url: sink.url, serviceName: "one", serviceVersion: "2", instanceId: "three" })
  const things = Metric.counter("things", { incremental: true, attributes: { unit: "{thing}", colour: "red" } })
  yield* Effect.gen(function*() {
    yield* Metric.update(things, 3)
    yield* Effect.log("a line").pipe(Effect.withSpan("inner"), Effect.withSpan("outer"))
    yield* program
  }).pipe(
    Effect.provide(telemetry),
    Effect.provideService(Metric.MetricRegistry, new Map()),
    // With what Effect logs to by default, but not to the console.
    Effect.provide(Logger.layer([Logger.tracerLogger])),
    Effect.scoped,
    withEnvironment(env)
  )
  return sink
})

describe.each(exporters)("telemetry by %s", (_, exporter) => {
  it.live("lets readiness say that nothing reaches the collector", () =>
    Effect.gen(function*() {
      const nobody = "http://127.0.0.1:1"
      const telemetry = exporter.layer({ url: nobody, serviceName: "one", serviceVersion: "2", instanceId: "three" })
      yield* Effect.gen(function*() {
        const { degradations } = yield* Exporter
        assert.deepStrictEqual(degradations(), [])
        yield* Effect.void.pipe(Effect.withSpan("lost"))
        yield* Effect.sync(degradations).pipe(
          Effect.repeat({ until: (said) => said.length > 0, schedule: Schedule.spaced("20 millis") })
        )
        assert.match(degradations()[0]!, /^telemetry: \w+(, \w+)* do not reach the collector$/)
      }).pipe(Effect.provide(telemetry), Effect.provide(Logger.layer([])), Effect.scoped)
    }).pipe(withEnvironment({ OTEL_EXPORTER_OTLP_TIMEOUT: "200", OTEL_BSP_SCHEDULE_DELAY: "100" })))

  it.live("sends spans, points and log lines, each once, correlated, with their resource", () =>
    Effect.gen(function*() {
      const { logs, points, spans } = yield* sent(exporter, {})
      const [inner, outer] = ["inner", "outer"].map((name) => spans.find((span) => span.name === name)!)
      assert.lengthOf(spans, 2)
      assert.deepStrictEqual([inner!.parentSpanId, inner!.traceId], [outer!.spanId, outer!.traceId])
      assert.isEmpty(inner!.events)
      assert.deepStrictEqual(
        logs.map(({ body, spanId, traceId }) => [body, spanId, traceId]),
        [["a line", inner!.spanId, inner!.traceId]]
      )
      const things = points.filter(({ name }) => name === "things")
      assert.isNotEmpty(things)
      for (const { attributes, type, unit, value } of things) {
        assert.deepStrictEqual([attributes, type, unit, value], [{ colour: "red" }, "counter", "{thing}", 3])
      }
      for (const { resource } of [...spans, ...points, ...logs]) {
        assert.include(resource, { "service.name": "one", "service.version": "2", "service.instance.id": "three" })
      }
    }))

  it.live("sends the spans and the log lines of failures that cannot be rendered, within bounds", () =>
    Effect.gen(function*() {
      const kinds = Object.entries(Hostile.failures)
      const program = Effect.forEach(kinds, ([kind, make]) =>
        Effect.failCause(Cause.fail(make())).pipe(
          Effect.tapCause((cause) => Effect.logError(kind, cause)),
          Effect.withSpan(kind),
          Effect.exit
        ), { discard: true })
      const { logs, spans } = yield* sent(exporter, {}, program)
      for (const [kind] of kinds) {
        const span = spans.find(({ name }) => name === kind)
        assert.isTrue(span?.error, kind)
        assert.deepStrictEqual(span?.events, ["exception"])
        const log = logs.find(({ body }) => body === kind)
        const stack = String(log?.attributes["exception.stacktrace"])
        assert.isNotEmpty(stack, kind)
        assert.isAtMost(new TextEncoder().encode(stack).length, maxCauseLength, kind)
        assert.isTrue(stack.isWellFormed() && !stack.includes("\u0000"), kind)
      }
    }))

  it.live("sends nothing when OTEL_SDK_DISABLED is true", () =>
    Effect.gen(function*() {
      const { logs, points, spans } = yield* sent(exporter, { OTEL_SDK_DISABLED: "true" })
      assert.deepStrictEqual([spans.length, points.length, logs.length], [0, 0, 0])
    }))

  it.live.each([["TRACES", "spans"], ["METRICS", "points"], ["LOGS", "logs"]] as const)(
    "leaves out what OTEL_%s_EXPORTER=none names",
    ([signal, kind]) =>
      Effect.gen(function*() {
        const sink = yield* sent(exporter, { [`OTEL_${signal}_EXPORTER`]: "none" })
        for (const one of ["spans", "points", "logs"] as const) {
          assert.strictEqual(sink[one].length === 0, one === kind, one)
        }
      })
  )

  it.live("follows the sampler, whole traces at a time", () =>
    Effect.gen(function*() {
      const traces = Effect.forEach(
        Array.from({ length: 200 }),
        () => Effect.void.pipe(Effect.withSpan("child"), Effect.withSpan("root")),
        { discard: true }
      )
      const off = yield* sent(exporter, { OTEL_TRACES_SAMPLER: "always_off" }, traces)
      assert.isEmpty(off.spans)
      const half = yield* sent(
        exporter,
        { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.5" },
        traces
      )
      const roots = half.spans.filter(({ name }) => name === "root")
      // Of 200 at one half, outside of this once in ten million runs.
      assert.isAbove(roots.length, 62)
      assert.isBelow(roots.length, 138)
      assert.sameMembers(
        half.spans.filter(({ name }) => name === "child").map(({ traceId }) => traceId),
        roots.map(({ traceId }) => traceId)
      )
    }))

  it.live("leaves out spans that Effect does not sample, by themselves or by their level, and what is in them", () =>
    Effect.gen(function*() {
      const noise = Effect.gen(function*() {
        yield* Effect.void.pipe(Effect.withSpan("in noise"), Effect.withSpan("noise", { level: "Debug" }))
        yield* Effect.void.pipe(Effect.withSpan("in unsampled"), Effect.withSpan("unsampled", { sampled: false }))
      })
      const { spans } = yield* sent(exporter, {}, noise)
      assert.sameMembers(spans.map(({ name }) => name), ["inner", "outer"])
    }))

  it.live("sends a signal to an endpoint of its own, and under the name that the environment gives", () =>
    Effect.gen(function*() {
      const other = yield* OtlpSink.make
      const sink = yield* sent(exporter, {
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${other.url}/v1/traces`,
        OTEL_SERVICE_NAME: "renamed",
        OTEL_RESOURCE_ATTRIBUTES: "service.instance.id=not-this,team=a%20b"
      })
      assert.deepStrictEqual([sink.spans.length, other.spans.length, sink.logs.length], [0, 2, 1])
      for (const { resource } of other.spans) {
        assert.include(resource, { "service.name": "renamed", "service.instance.id": "three", team: "a b" })
      }
    }))

  it.live("closes in time, and says what was not delivered, when nobody listens", () =>
    Effect.gen(function*() {
      const lines = yield* LogLines.LogLines
      const scope = yield* Scope.make()
      const options = { url: "http://127.0.0.1:1", serviceName: "one", instanceId: "three", shutdownTimeout: 100 }
      const context = yield* Layer.buildWithScope(exporter.layer(options), scope)
      yield* Effect.void.pipe(Effect.withSpan("lost"), Effect.provideContext(context))
      const start = performance.now()
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      assert.isBelow(performance.now() - start, 2_000)
      assert.match(lines.texts().join("\n"), /\[Telemetry\] Not delivered at the end: 1 span\b/)
    }).pipe(Effect.provide(LogLines.layer), Effect.provideService(Metric.MetricRegistry, new Map())))
})

describe("OtelSettings", () => {
  it.effect.each([
    [{ OTEL_TRACES_SAMPLER: "sometimes" }, "OTEL_TRACES_SAMPLER"],
    [{ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "2" }, "OTEL_TRACES_SAMPLER_ARG"],
    [{ OTEL_METRICS_EXPORTER: "console" }, "OTEL_METRICS_EXPORTER"],
    [{ OTEL_EXPORTER_OTLP_TIMEOUT: "soon" }, "OTEL_EXPORTER_OTLP_TIMEOUT"],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "OTEL_EXPORTER_OTLP_PROTOCOL"],
    [{ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "over there" }, "over there"]
  ] as ReadonlyArray<[Environment, string]>)(
    "says what is wrong in %j and goes on",
    ([env, named]) =>
      Effect.gen(function*() {
        const lines = yield* LogLines.LogLines
        const settings = yield* OtelSettings.read({ url: "http://here:4318", serviceName: "a", instanceId: "b" })
        assert.strictEqual(settings.endpoints.traces, "http://here:4318/v1/traces")
        assert.lengthOf(lines.texts(), 1)
        assert.include(lines.texts()[0], named)
      }).pipe(Effect.provide(LogLines.layer), withEnvironment(env))
  )
})

describe("Otel", () => {
  it("asks for exactly the optional peers that the SDK consists of, in versions that they allow", () => {
    const peers = Object.entries(packageJson.peerDependencies).filter(([name]) => name.includes("opentelemetry"))
    const asked = Otel.packages.map((spec) => /^(?<name>.+)@(?<version>[\d.]+)$/.exec(spec)!.groups!)
    assert.deepStrictEqual(asked.map(({ name }) => name), peers.map(([name]) => name))
    for (const [i, { version }] of asked.entries()) {
      assert.isTrue(peers[i]![1].replace(/^\D+/, "").startsWith(`${version}.`), peers[i]!.join("@"))
      assert.property(packageJson.peerDependenciesMeta, peers[i]![0])
    }
    assert.include(new Otel.OtelSdkMissing().message, `npm install ${Otel.packages[0]}`)
  })
})
