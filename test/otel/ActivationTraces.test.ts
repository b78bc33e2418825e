import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { createServer } from "node:http"
import { vi } from "vitest"
import { TickGenerator } from "../../src/heartbeat/TickGenerator.ts"
import * as Domain from "../../src/model/Domain.ts"
import * as OtelSdk from "../../src/otel/OtelSdk.ts"
import * as Otlp from "../../src/otel/Otlp.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import * as OtlpSink from "../support/OtlpSink.ts"

const exporters = [["the SDK", OtelSdk], ["Effect", Otlp]] as const

/** The kind of a span of a request that a server answers. */
const server = 2

const route = HttpRouter.add(
  "GET",
  "/",
  Effect.log("answering").pipe(Effect.withSpan("work"), Effect.as(HttpServerResponse.text("ok")))
)

/** Serves HTTP, and logs before it does. */
const web = Domain.make("web", {
  layer: HttpRouter.serve(route, { disableListenLog: true }).pipe(
    Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    Layer.provide(Layer.effectDiscard(Effect.log("building").pipe(Effect.withSpan("prepare"))))
  )
})

const ask = HttpServer.HttpServer.use(({ address }) =>
  Effect.promise(() => fetch(`http://127.0.0.1:${"port" in address ? address.port : 0}/`))
)

describe.each(exporters)("a domain that serves HTTP, exported by %s", (_, exporter) => {
  const exported = Effect.fnUntraced(function*(env: Readonly<Record<string, string>> = {}) {
    const sink = yield* OtlpSink.make
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    yield* Effect.gen(function*() {
      yield* TickGenerator.use(({ emit }) => emit)
      for (let n = 0; n < 20; n++) yield* Domain.use(web, ask)
    }).pipe(
      Effect.provide(
        Thunderline.layerTest({ domains: [web] }).pipe(
          Layer.provide(
            exporter.layer({ url: sink.url, serviceName: "one", serviceVersion: "2", instanceId: "three" })
          ),
          Layer.provide(Logger.layer([Logger.tracerLogger]))
        )
      ),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })),
      Effect.ensuring(Effect.sync(() => vi.unstubAllEnvs()))
    )
    return sink
  })

  it.live("gives each request a trace of its own, and the activation what belongs to it", () =>
    Effect.gen(function*() {
      const { logs, spans } = yield* exported()
      const named = (name: string) => spans.filter((span) => span.name === name)
      const [activation] = named("Domain.activate")
      const requests = spans.filter(({ kind }) => kind === server)
      assert.lengthOf(requests, 20)
      const traces = new Set([activation!, ...requests].map(({ traceId }) => traceId))
      assert.strictEqual(traces.size, 21)
      for (const { links, parentSpanId } of requests) assert.deepStrictEqual([parentSpanId, links], ["", []])
      assert.deepStrictEqual(named("work").map((span) => span.parentSpanId), requests.map(({ spanId }) => spanId))
      assert.deepStrictEqual(named("prepare").map((span) => span.parentSpanId), [activation!.spanId])
      for (const { attributes, traceId } of logs.filter(({ body }) => body === "answering")) {
        assert.isTrue(requests.some((request) => request.traceId === traceId))
        assert.strictEqual(attributes["domain"], "web")
        assert.notProperty(attributes, "tick")
      }
      const building = logs.find(({ body }) => body === "building")!
      assert.deepStrictEqual([building.traceId, building.attributes["tick"]], [activation!.traceId, 1])
    }))

  it.live("samples requests one by one, whether or not the activation was sampled", () =>
    Effect.gen(function*() {
      const { spans } = yield* exported({
        OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
        OTEL_TRACES_SAMPLER_ARG: "0.5"
      })
      const sampled = spans.filter(({ kind }) => kind === server).length
      // Of 20 at one half, outside of this twice in a million runs.
      assert.isAbove(sampled, 0)
      assert.isBelow(sampled, 20)
    }))
})
