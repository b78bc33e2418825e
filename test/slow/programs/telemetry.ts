/**
 * The six domains with telemetry by one of the exporters: `telemetry.ts node-sdk|otlp URL [load]`. Thunderbolt crashes
 * once, at its third tick. Says when everything has come up again, and at the end what the program itself knows of what
 * it has sent. With `load`, makes far more spans and log lines than can be exported.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { domains as six } from "../../../src/domains/SixDomains.ts"
import { DomainRegistry } from "../../../src/heartbeat/DomainRegistry.ts"
import { SystemPubSub } from "../../../src/heartbeat/SystemPubSub.ts"
import { TickGenerator } from "../../../src/heartbeat/TickGenerator.ts"
import * as NodeMetrics from "../../../src/node/NodeMetrics.ts"
import * as Fault from "../../../src/testing/Fault.ts"
import { allEvents } from "../../../src/testing/Simulation.ts"
import * as Thunderline from "../../../src/Thunderline.ts"
import * as MemoryRepo from "../../../src/trail/MemoryRepo.ts"
import * as Repo from "../../../src/trail/Repo.ts"
import type { RepoWriter } from "../../../src/trail/RepoWriter.ts"

const [exporter, url, load] = process.argv.slice(2)

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

const say = (message: object) => Effect.sync(() => console.log(JSON.stringify(message)))

const logger = Logger.make(({ message }) => {
  const text = String(message)
  if (text.startsWith("[Telemetry]")) console.log(JSON.stringify({ event: "log", text }))
})

const { layer } = exporter === "otlp"
  ? await import("../../../src/otel/Otlp.ts")
  : await import("../../../src/otel/Otel.ts")

const node = "5f3c1c0e-7a52-4c0f-9c7e-2f0d8f6f9a11"
const telemetry = layer({ url, serviceName: "six", serviceVersion: "1.2.3", instanceId: node })

const burst = Effect.forEach(
  Array.from({ length: 100 }),
  () =>
    Effect.logInfo("[Load] a line").pipe(Effect.withSpan("Load.span", { root: true }, { captureStackTrace: false })),
  { discard: true }
).pipe(Effect.repeat(Schedule.spaced("20 millis")))

const memory = Effect.sync(() => {
  collectGarbage()
  return process.memoryUsage().heapUsed
})

const main = Effect.gen(function*() {
  const kept = yield* Effect.context<Repo.Repo | RepoWriter>()
  const ended = Deferred.makeUnsafe<void>()
  process.on("SIGTERM", () => Deferred.doneUnsafe(ended, Effect.void))
  process.on("SIGUSR2", () => Effect.runFork(Effect.flatMap(memory, (heap) => say({ event: "memory", heap }))))
  const domains = yield* Fault.inject(six, [{ _tag: "FailTick", domain: "thunderbolt", generation: 1, tick: 3 }])
  const app = Thunderline.layer({
    domains,
    interval: "100 millis",
    node,
    repo: Layer.succeedContext(kept)
  }) as Layer.Layer<Thunderline.Infrastructure, unknown>
  const stats = yield* Effect.gen(function*() {
    const registry = yield* DomainRegistry
    let last = performance.now()
    let gap = 0
    yield* SystemPubSub.use((pubsub) =>
      Stream.runForEach(pubsub.stream("system:domain_tick"), () =>
        Effect.sync(() => {
          gap = Math.max(gap, performance.now() - last)
          last = performance.now()
        }))
    ).pipe(Effect.forkChild)
    if (load === "load") yield* Effect.forkChild(burst)
    const up = Effect.map(
      registry.snapshot,
      (views) =>
        views.every(({ status }) => status._tag === "active") &&
        views.some(({ generation, name }) => name === "thunderbolt" && generation === 2)
    )
    yield* Effect.repeat(up, { until: (holds) => holds, schedule: Schedule.spaced("20 millis") })
    yield* say({ event: "up", heap: yield* memory })
    yield* Deferred.await(ended)
    return { ...(yield* TickGenerator.use((generator) => generator.stats)), gap }
  }).pipe(Effect.provide(app))
  yield* say({ event: "ended", node, stats, trail: yield* allEvents(Context.get(kept, Repo.Repo)) })
})

const started = performance.now()
await Effect.runPromise(
  main.pipe(
    Effect.provide(Layer.provideMerge(NodeMetrics.layer, telemetry)),
    Effect.provide(Layer.merge(MemoryRepo.layer, Logger.layer([logger]))),
    Effect.scoped
  )
)
console.log(JSON.stringify({ event: "closed", after: performance.now() - started }))
process.exit(0)
