import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import { metrics } from "../../src/telemetry/Telemetry.ts"
import { root, thunderline } from "../cli/Process.ts"
import * as Collector from "../support/Collector.ts"
import * as OtlpSink from "../support/OtlpSink.ts"
import * as Program from "../support/Program.ts"

const exporters = ["node-sdk", "otlp"] as const

const environment = {
  ...process.env,
  OTEL_METRIC_EXPORT_INTERVAL: "500",
  OTEL_EXPORTER_OTLP_TIMEOUT: "2000",
  OTEL_BSP_SCHEDULE_DELAY: "500"
}

const program = (exporter: (typeof exporters)[number], url: string, ...args: ReadonlyArray<string>) =>
  Program.start(join(root, "test/slow/programs/telemetry.ts"), [exporter, url, ...args], { env: environment })

/** Where a program sends to: the real collector in front of the sink, or the sink itself. */
const pipeline = Effect.gen(function*() {
  const sink = yield* OtlpSink.make
  if (Collector.binary === undefined) return { sink, url: sink.url, collector: undefined }
  const collector = yield* Collector.make(Collector.binary, sink.url)
  yield* collector.start()
  return { sink, url: collector.url, collector }
})

const terminate = (running: Program.Program) => Effect.sync(() => running.child.kill("SIGTERM"))

describe("otel-collector.yaml", () => {
  it.runIf(Collector.binary)("is valid to the real collector", () => {
    execFileSync(Collector.binary!, ["validate", "--config", join(root, "otel-collector.yaml")], { stdio: "pipe" })
  })
})

describe.each(exporters)("telemetry of the six domains, one of them crashing once, by %s", (exporter) => {
  it.live("comes out of the collector as the program knows it", () =>
    Effect.gen(function*() {
      const { sink, url } = yield* pipeline
      const running = yield* program(exporter, url)
      yield* running.says("up")
      yield* terminate(running)
      const { node, stats, trail } = yield* running.says("ended")
      assert.strictEqual(yield* running.exit, 0)
      const events = trail as ReadonlyArray<DomainEvent>
      const activated = events.filter(({ to }) => to === "active")
      yield* sink.until(() =>
        sink.spans.filter(({ name }) => name === "Domain.activate").length >= activated.length &&
        sink.latest("thunderline.ticks")[0]?.value === stats.tickCount &&
        sink.logs.some(({ body }) => body === "[DomainRegistry] Domain deactivated: thunderflow")
      )

      // Spans: one root for each activation in the trail, which has its ids, linked to the span of its tick.
      const spans = sink.spans.filter(({ name }) => name === "Domain.activate")
      assert.strictEqual(new Set(activated.map(({ domain }) => domain)).size, 6)
      assert.isAbove(activated.length, 6)
      assert.lengthOf(spans, activated.length)
      for (const event of activated) {
        const span = spans.find(({ spanId }) => spanId === event.spanId)!
        assert.strictEqual(span.traceId, event.traceId)
        assert.strictEqual(span.parentSpanId, "")
        assert.isFalse(span.error)
        const [link] = span.links
        const tick = sink.spans.find(({ spanId }) => spanId === link!.spanId)!
        assert.deepStrictEqual([span.links.length, tick.name, tick.traceId], [1, "TickGenerator.tick", link!.traceId])
        assert.containsSubset(span.attributes, {
          "thunderline.domain.name": event.domain,
          "thunderline.generation": event.generation,
          "thunderline.tick.count": tick.attributes["thunderline.tick.count"],
          "thunderline.tick.epoch": 1,
          "thunderline.wave": event.wave,
          "thunderline.run.id": event.runId
        })
        assert.isAtLeast(span.start, tick.start)
        assert.isAtLeast(span.end - span.start, event.durationMs! - 1)
        const opened = events.find((one) =>
          one.domain === event.domain && one.generation === event.generation && one.to === "activating"
        )!
        assert.deepStrictEqual([opened.traceId, opened.spanId], [event.traceId, event.spanId])
      }
      const down = sink.spans.filter(({ name }) => name === "Domain.deactivate")
      assert.lengthOf(down, activated.length)
      for (const span of down) assert.include(spans.map(({ spanId }) => spanId), span.links[0]!.spanId)
      // Ticks from which nothing came are no spans.
      const ticks = sink.spans.filter(({ name }) => name === "TickGenerator.tick")
      assert.isAtMost(ticks.length, activated.length)
      const known = new Set([...ticks, ...spans, ...down])
      assert.deepStrictEqual(
        sink.spans.filter((span) => !known.has(span)).map(({ name }) => name),
        ["Repo.events"],
        "the reading of the trail"
      )

      // Metrics: what the registry and the trail say.
      const value = (metric: string, attributes: OtlpSink.Attributes = {}) =>
        sink.latest(metric).filter((point) =>
          Object.entries(attributes).every(([key, one]) => point.attributes[key] === one)
        ).reduce((sum, point) => sum + point.value, 0)
      assert.strictEqual(value("thunderline.ticks"), stats.tickCount)
      assert.strictEqual(value("thunderline.ticks.skipped"), stats.skipped)
      assert.strictEqual(value("thunderline.tick.lateness"), stats.tickCount)
      assert.strictEqual(value("thunderline.outbox.written"), events.length)
      assert.strictEqual(value("thunderline.outbox.backlog"), 0)
      assert.strictEqual(value("thunderline.domain.restarts", { "thunderline.domain.name": "thunderbolt" }), 1)
      assert.strictEqual(value("thunderline.domain.count", { "thunderline.domain.state": "inactive" }), 6)
      assert.strictEqual(value("thunderline.domain.count"), 6)
      for (const event of events) {
        const { domain, to } = event
        const attributes = { "thunderline.domain.name": domain, "thunderline.domain.state": to }
        const made = events.filter((one) => one.domain === domain && one.to === to).length
        assert.strictEqual(value("thunderline.domain.transitions", attributes), made, `${domain} -> ${to}`)
      }
      for (const { domain } of activated) {
        const point = sink.latest("thunderline.domain.activation.duration")
          .find(({ attributes }) => attributes["thunderline.domain.name"] === domain)
        const all = activated.filter((one) => one.domain === domain)
        assert.strictEqual(point!.value, all.length)
        assert.approximately(point!.sum!, all.reduce((sum, one) => sum + one.durationMs! / 1_000, 0), 0.5e-6)
      }
      for (const point of sink.points) {
        const { type, unit } = metrics[point.name as keyof typeof metrics]
        assert.deepStrictEqual([point.name, point.type, point.unit], [point.name, type, unit])
        assert.notProperty(point.attributes, "unit")
      }

      // Logs: every line of an activation is found by the ids of its span, and none twice.
      const lines = sink.logs.filter(({ attributes }) => attributes["event.name"] === "thunderline.domain.activated")
      assert.lengthOf(lines, activated.length)
      for (const event of activated) {
        const own = sink.logs.filter(({ spanId }) => spanId === event.spanId)
        assert.deepStrictEqual(own.map(({ traceId }) => traceId), own.map(() => event.traceId))
        assert.include(own.map(({ body }) => body), `[DomainRegistry] Domain activated: ${event.domain}`)
        assert.isTrue(
          own.every(({ attributes }) => attributes["domain"] === event.domain && Number(attributes["tick"]) > 0)
        )
      }
      const crash = sink.logs.find(({ attributes }) => attributes["event.name"] === "thunderline.domain.crashed")!
      assert.deepStrictEqual([crash.severity, crash.attributes["domain"], crash.attributes["exception.type"]], [
        "Error",
        "thunderbolt",
        "FaultInjected"
      ])
      assert.isTrue(sink.spans.every((span) => span.events.length === 0))

      for (const { resource } of [...sink.spans, ...sink.points, ...sink.logs]) {
        assert.containsSubset(resource, {
          "service.name": "six",
          "service.version": "1.2.3",
          "service.instance.id": node
        })
      }
      assert.isTrue(events.every((event) => event.node === node))
    }))

  it.live("loses what a hanging collector leaves at the end, says so, and ends in time", () =>
    Effect.gen(function*() {
      const hanging = yield* faulty
      hanging.mode = "hang"
      const running = yield* program(exporter, hanging.url, "load")
      yield* running.says("up")
      yield* terminate(running)
      yield* running.says("ended")
      const before = performance.now()
      const left: { readonly text: string } = yield* running.says("log").pipe(
        Effect.repeat({ until: ({ text }: { readonly text: string }) => text.includes("Not delivered") })
      )
      assert.strictEqual(yield* running.exit, 0)
      assert.isBelow(performance.now() - before, 5_000)
      assert.match(
        left.text,
        /^\[Telemetry\] Not delivered at the end: \d+ spans, (\d+ metric points, )?\d+ log records$/
      )
    }))
})

type Mode = "ok" | "refuse" | "hang" | "slow"

/** A collector of the test's own that misbehaves as it is told. */
const faulty = Effect.acquireRelease(
  Effect.callback<{ mode: Mode; readonly url: string; readonly close: () => void }>((resume) => {
    const held = new Set<ServerResponse>()
    const state = { mode: "ok" as Mode, url: "", close: () => {} }
    const server = createServer((request, response) => {
      request.resume().on("end", () => {
        if (state.mode === "hang") return held.add(response)
        if (state.mode === "slow") return setTimeout(() => response.end("{}"), 1_500)
        return response.writeHead(state.mode === "refuse" ? 503 : 200).end("{}")
      })
    }).listen(0, "127.0.0.1", () => {
      resume(Effect.succeed(Object.assign(state, {
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () => {
          server.closeAllConnections()
          server.close()
        }
      })))
    })
  }),
  (server) => Effect.sync(server.close)
)

const megabyte = 1024 * 1024

/** What a fault does to the real collector, and how it is undone; without it the fault begins when the program does. */
const faults = {
  absent: {
    start: () => Effect.void,
    heal: (collector: Collector.Collector) => collector.start()
  },
  "refusing everything with 503": {
    start: (collector: Collector.Collector) => collector.start({ MEMORY_LIMIT_MIB: "2", MEMORY_SPIKE_MIB: "1" }),
    heal: (collector: Collector.Collector) => Effect.andThen(collector.kill, collector.start())
  },
  "killed and back": {
    start: (collector: Collector.Collector) => collector.start(),
    strike: (collector: Collector.Collector) => collector.kill,
    heal: (collector: Collector.Collector) => collector.start()
  },
  hanging: {
    start: (collector: Collector.Collector) => collector.start(),
    strike: (collector: Collector.Collector) => collector.signal("SIGSTOP"),
    heal: (collector: Collector.Collector) => collector.signal("SIGCONT")
  }
} as const

const seconds = (count: number) => Effect.promise(() => new Promise<void>((done) => setTimeout(done, count * 1_000)))

/**
 * Nothing waited for the collector, whose time-out is 2 s: no such gap between two ticks of 100 ms. A busy machine may
 * well skip some of them.
 */
const beatsOn = (stats: { readonly gap: number; readonly skipped: number; readonly slot: number }) => {
  assert.isBelow(stats.gap, 1_500)
  assert.isBelow(stats.skipped / stats.slot, 0.3)
}

const isDown = (text: string) => text.includes("do not reach the collector")

describe.runIf(Collector.binary).each(exporters)("a collector in trouble, and %s", (exporter) => {
  it.live.each(Object.keys(faults) as Array<keyof typeof faults>)(
    "%s: the heart beats on, memory is bounded, losses are told and counted, and spans flow again",
    (name) =>
      Effect.gen(function*() {
        const fault: {
          readonly start: (collector: Collector.Collector) => Effect.Effect<void>
          readonly strike?: (collector: Collector.Collector) => Effect.Effect<void>
          readonly heal: (collector: Collector.Collector) => Effect.Effect<void>
        } = faults[name]
        const sink = yield* OtlpSink.make
        const collector = yield* Collector.make(Collector.binary!, sink.url)
        yield* fault.start(collector)
        const running = yield* program(exporter, collector.url, "load")
        const { heap } = yield* running.says("up")
        if (fault.strike !== undefined) {
          yield* sink.until(() => sink.spans.length > 0)
          yield* fault.strike(collector)
        }
        // 5,000 spans and as many log lines each second go nowhere meanwhile.
        yield* running.says("log").pipe(Effect.repeat({ until: ({ text }) => isDown(text) }))
        yield* seconds(6)
        running.child.kill("SIGUSR2")
        const during = yield* running.says("memory")
        assert.isBelow((during.heap - heap) / megabyte, 40)

        yield* fault.heal(collector)
        const known = sink.spans.length
        yield* sink.until(() => sink.spans.length > known + 1_000)
        yield* sink.until(() =>
          sink.latest("thunderline.telemetry.dropped")
            .some(({ attributes, value }) => attributes["thunderline.telemetry.signal"] === "traces" && value > 0)
        )
        yield* terminate(running)
        const { stats } = yield* running.says("ended")
        assert.strictEqual(yield* running.exit, 0)
        beatsOn(stats)
      })
  )

  it.live("slow: the heart beats on and the program ends in time", () =>
    Effect.gen(function*() {
      const slow = yield* faulty
      slow.mode = "slow"
      const running = yield* program(exporter, slow.url, "load")
      const { heap } = yield* running.says("up")
      yield* seconds(6)
      running.child.kill("SIGUSR2")
      const during = yield* running.says("memory")
      assert.isBelow((during.heap - heap) / megabyte, 40)
      yield* terminate(running)
      const { stats } = yield* running.says("ended")
      const before = performance.now()
      assert.strictEqual(yield* running.exit, 0)
      assert.isBelow(performance.now() - before, 5_000)
      beatsOn(stats)
    }))
})

describe("thunderline start --otlp", () => {
  it.live("sends all three signals with the ids of its run, and ends with everything sent", () =>
    Effect.gen(function*() {
      const { sink, url } = yield* pipeline
      const running = yield* thunderline(
        ["start", "--no-http", "--interval", "50ms", "--database", "memory", "--otlp", url, "--log-format", "json"],
        { env: { OTEL_SERVICE_NAME: "by-name", OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test" } }
      )
      yield* running.says("Domain activated: thundercrown")
      yield* running.says("Domain activated: thundergrid")
      yield* running.kill("SIGTERM")
      const { code, stderr, stdout } = yield* running.ended
      assert.deepStrictEqual([code, stderr], [0, ""])
      yield* sink.until(() => sink.logs.some(({ body }) => body === "[Thunderline] Stopped"))
      yield* sink.until(() => sink.spans.filter(({ name }) => name === "Domain.deactivate").length === 6)
      yield* sink.until(() => sink.latest("nodejs.eventloop.delay.p99").length === 1)
      const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
      const line = lines.find(({ message }) => message === "[DomainRegistry] Domain activated: thunderflow")
      const span = sink.spans.find(({ spanId }) => spanId === line.span_id)!
      assert.deepStrictEqual([span.name, span.traceId], ["Domain.activate", line.trace_id])
      for (const { resource } of [...sink.spans, ...sink.points, ...sink.logs]) {
        assert.containsSubset(resource, { "service.name": "by-name", "deployment.environment.name": "test" })
      }
    }))
})
