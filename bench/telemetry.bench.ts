import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { TickGenerator } from "../src/heartbeat/TickGenerator.ts"
import * as Domain from "../src/model/Domain.ts"
import * as Otel from "../src/otel/Otel.ts"
import * as Otlp from "../src/otel/Otlp.ts"
import { TickDispatcher } from "../src/supervision/TickDispatcher.ts"
import * as Thunderline from "../src/Thunderline.ts"
import type { Benchmark } from "./Benchmark.ts"

// What telemetry costs: the whole start-up of `thunderline start` with 1,000 domains, process start to all active, with
// and without an exporter; and a tick to 1,000 active domains with an onTick, in one process, in turn. All in processor
// time, which what else runs on the machine disturbs least.

const rounds = 9
const ticks = 100
const path = (file: string) => fileURLToPath(new URL(file, import.meta.url))

const startUp = (args: ReadonlyArray<string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const settings = ["--first-tick", "immediate", "--database", "memory", "--no-http", "--log-format", "json"]
    const child = spawn(
      process.execPath,
      [path("../layers/main.ts"), "start", path("telemetry.app.ts"), ...settings, ...args],
      { stdio: ["ignore", "ignore", "pipe"] }
    )
    let text = ""
    let active: number | undefined
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      const said = /\{"active":([\d.]+)\}/.exec(text)
      if (said === null || active !== undefined) return
      active = Number(said[1])
      child.kill("SIGTERM")
    })
    child.on("close", () => active === undefined ? reject(new Error(text)) : resolve(active))
  })

const thousand = () =>
  Array.from({ length: 1_000 }, (_, n) => Domain.make(`d${n}`, { layer: Layer.empty, onTick: () => Effect.void }))

/** An app of 1,000 active domains: sends so many ticks, one when the last is handled, and gives the milliseconds of one. */
const ticking = (telemetry: Layer.Layer<never>) =>
  Effect.gen(function*() {
    const app = Thunderline.layerTest({ domains: thousand(), waitForTick: false })
    const context = yield* Layer.build(
      app.pipe(
        Layer.provideMerge(telemetry),
        Layer.provide(Layer.merge(Logger.layer([]), Layer.succeed(Metric.MetricRegistry, new Map())))
      )
    )
    return Effect.gen(function*() {
      const generator = yield* TickGenerator
      const { handled } = yield* TickDispatcher
      let open = 0
      let done = () => {}
      const listener = yield* Effect.forkChild(Stream.runForEach(handled, () =>
        Effect.sync(() => {
          if (--open === 0) done()
        })))
      yield* Effect.sleep("50 millis")
      const start = process.cpuUsage()
      for (let n = 0; n < ticks; n++) {
        open = 1_000
        const all = new Promise<void>((resolve) => (done = resolve))
        yield* generator.emit
        yield* Effect.promise(() => all)
      }
      const { system, user } = process.cpuUsage(start)
      const each = (system + user) / 1_000 / ticks
      listener.interruptUnsafe()
      return each
    }).pipe(Effect.provideContext(context))
  })

const benchmark: Benchmark = async (report) => {
  const server = createServer((request, response) => request.resume().on("end", () => response.end("{}")))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const options = { url, serviceName: "bench", instanceId: "bench" }

  const off: Array<number> = []
  const on: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    off.push(await startUp([]))
    on.push(await startUp(["--otlp", url]))
    report({ name: "start of 1,000 domains, exporter off", unit: "ms", value: off.at(-1)! })
    report({ name: "start of 1,000 domains, exporter on", unit: "ms", value: on.at(-1)! })
    report({ name: "start, on / off", unit: "ratio", value: on.at(-1)! / off.at(-1)! })
  }

  await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const without = yield* ticking(Layer.empty)
    const exporters = [
      ["node-sdk", yield* ticking(Otel.layer(options).pipe(Layer.orDie))],
      ["otlp", yield* ticking(Otlp.layer(options))]
    ] as const
    yield* without
    for (const [_, exporter] of exporters) yield* exporter
    for (let round = 0; round < rounds; round++) {
      const before = yield* without
      for (const [name, exporter] of exporters) {
        const value = yield* exporter
        report({ name: `tick to 1,000 domains, ${name}`, unit: "ms", value })
        // Against the mean of a round before and one after it, so that a drift of the machine is no difference.
        const after = yield* without
        report({ name: "tick to 1,000 domains, off", unit: "ms", value: after })
        report({ name: `tick, ${name} / off`, unit: "ratio", value: value / ((before + after) / 2) })
      }
    }
  })))
  server.close()
}
export default benchmark
