import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Worker } from "node:worker_threads"
import * as ControlServer from "../src/control/ControlServer.ts"
import { DomainRegistry } from "../src/heartbeat/DomainRegistry.ts"
import { SystemPubSub } from "../src/heartbeat/SystemPubSub.ts"
import * as Domain from "../src/model/Domain.ts"
import { DomainControl } from "../src/model/DomainControl.ts"
import * as Thunderline from "../src/Thunderline.ts"
import type { Benchmark, Figure } from "./Benchmark.ts"
import type { Work } from "./control.client.ts"

// How many lists of 1,000 domains a second the control plane sends, against a bare Effect server that sends the same
// bytes; and how late the ticks are while 1,000 domains go down and up again, with 100 followers and with none.

const rounds = 7
const domains = 1_000
const askTime = "1 second"
const cycles = 4

const quantile = (values: ReadonlyArray<number>, q: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]!

/** Clients in a thread, for the scope; the effect asks how much they have got. */
const clients = (work: Work) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new Worker(new URL("control.client.ts", import.meta.url), { workerData: work })),
      (worker) =>
        Effect.callback<void>((resume) => {
          worker.once("exit", () => resume(Effect.void))
          worker.postMessage("end")
        })
    ),
    (worker) =>
      Effect.callback<number>((resume) => {
        worker.once("message", (count: number) => resume(Effect.succeed(count)))
        worker.postMessage("count")
      })
  )

/** Requests a second that a server answers to 16 connections. */
const rate = (port: number, path: string) =>
  Effect.scoped(Effect.gen(function*() {
    const count = yield* clients({ port, path, connections: 16, kind: "ask" })
    yield* Effect.sleep("300 millis")
    const before = yield* count
    const start = performance.now()
    yield* Effect.sleep(askTime)
    return ((yield* count) - before) / (performance.now() - start) * 1_000
  }))

const all = (status: string) =>
  Effect.gen(function*() {
    const registry = yield* DomainRegistry
    while (true) {
      const views = yield* registry.snapshot
      if (views.every((view) => view.status._tag === status)) return
      yield* Effect.sleep("2 millis")
    }
  })

const bareServer = (bytes: Uint8Array) => {
  const response = HttpServerResponse.uint8Array(bytes, { contentType: "application/json" })
  return HttpRouter.serve(HttpRouter.add("GET", "/", response), { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
  )
}

const asked = (report: (figure: Figure) => void) =>
  Effect.gen(function*() {
    const { url } = yield* ControlServer.ControlServer
    const port = Number(new URL(url).port)
    yield* all("active")

    const bytes = new Uint8Array(
      yield* Effect.promise(async () => (await fetch(`${url}/api/v1/domains`)).arrayBuffer())
    )
    report({ name: "list of 1,000 domains", unit: "bytes", value: bytes.length })
    const bare = yield* Layer.build(bareServer(bytes))
    const barePort = yield* Effect.provideContext(
      HttpServer.HttpServer.use(({ address }) => Effect.succeed(address._tag === "UnixPathAddress" ? 0 : address.port)),
      bare
    )

    for (let round = 0; round < rounds; round++) {
      const control = yield* rate(port, "/api/v1/domains")
      const plain = yield* rate(barePort, "/")
      report({ name: "control plane", unit: "requests/s", value: control })
      report({ name: "bare Effect server", unit: "requests/s", value: plain })
      report({ name: "control plane / bare", unit: "ratio", value: control / plain })
    }
  })

/**
 * How late each beat was, those included that were skipped because the ones before had not been sent yet: a beat that
 * is skipped is late by so many intervals more.
 */
const beats = Effect.gen(function*() {
  const pubsub = yield* SystemPubSub
  const late: Array<number> = []
  let slot: number | undefined
  yield* Effect.forkChild(Stream.runForEach(pubsub.stream("system:domain_tick"), ({ payload }) =>
    Effect.sync(() => {
      const interval = Duration.toMillis(payload.interval)
      const before = slot ?? payload.slot - 1
      for (let n = before + 1; n <= payload.slot; n++) {
        late.push(Duration.toMillis(payload.lateness) + (payload.slot - n) * interval)
      }
      slot = payload.slot
    })))
  return late
})

const followed = (report: (figure: Figure) => void) =>
  Effect.gen(function*() {
    const { url } = yield* ControlServer.ControlServer
    const control = yield* DomainControl
    const port = Number(new URL(url).port)
    const late = yield* beats
    yield* all("active")

    /** Takes the first domain down and up, and all others with it; how late the ticks were meanwhile. */
    const cycle = Effect.gen(function*() {
      late.splice(0)
      for (let n = 0; n < cycles; n++) {
        yield* control.restart("d0")
        yield* Effect.sleep("50 millis")
        yield* all("active")
        yield* Effect.sleep("200 millis")
      }
      return late.splice(0)
    })

    for (let round = 0; round < rounds; round++) {
      const alone = yield* cycle
      const watched = yield* Effect.scoped(Effect.gen(function*() {
        const received = yield* clients({ port, path: "/api/v1/events", connections: 100, kind: "follow" })
        yield* Effect.sleep("500 millis")
        const late = yield* cycle
        report({ name: "sent to 100 followers", unit: "MB", value: (yield* received) / 1e6 })
        return late
      }))
      for (const [who, values] of [["no followers", alone], ["100 followers", watched]] as const) {
        for (const q of [0.5, 0.99] as const) {
          report({ name: `lateness p${q * 100}, ${who}`, unit: "ms", value: quantile(values, q) })
        }
      }
      report({
        name: "p99 with / without followers",
        unit: "ratio",
        value: quantile(watched, 0.99) / quantile(alone, 0.99)
      })
    }
  })

const served = (interval: "1 second" | "10 millis") => {
  const first = Domain.make("d0", { layer: Layer.empty })
  const rest = Array.from(
    { length: domains - 1 },
    (_, n) => Domain.make(`d${n + 1}`, { dependsOn: [first], layer: Layer.empty })
  )
  const app = Thunderline.layer({ domains: [first, ...rest], interval, firstTick: "immediate" })
  const server = ControlServer.layer({
    port: 0,
    stateDir: join(tmpdir(), `thunderline-bench-${process.pid}`),
    token: Redacted.make("not-used-by-those-who-read")
  })
  return server.pipe(Layer.provideMerge(app), Layer.provideMerge(Logger.layer([])))
}

const benchmark: Benchmark = async (report) => {
  await Effect.runPromise(asked(report).pipe(Effect.scoped, Effect.provide(served("1 second"))))
  await Effect.runPromise(followed(report).pipe(Effect.scoped, Effect.provide(served("10 millis"))))
}
export default benchmark
