/**
 * Metrics of the process itself, by the names of OpenTelemetry: the event loop's delay, heap and memory. Use it once in a
 * process, around everything; they appear at `/metrics` and in what is exported.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Thunderline } from "thunderline"
 * import { NodeMetrics } from "thunderline/control"
 *
 * const Main = Thunderline.layer({ domains: [] }).pipe(Layer.provideMerge(NodeMetrics.layer))
 * ```
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { getHeapSpaceStatistics } from "node:v8"
import * as Telemetry from "../telemetry/Telemetry.ts"

/** How often the event loop is probed, in milliseconds; the delay is how late a probe is. */
const resolution = 10

/** All readings within a period see the same delays; in milliseconds. */
const period = 10_000

const eventLoop = Effect.gen(function*() {
  const histogram = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const monitor = monitorEventLoopDelay({ resolution })
      monitor.enable()
      return monitor
    }),
    (monitor) => Effect.sync(() => monitor.disable())
  )
  const seconds = (nanos: number) => Math.max(0, nanos / 1e9 - resolution / 1_000)
  const read = () => ({
    p50: seconds(histogram.percentile(50)),
    p99: seconds(histogram.percentile(99)),
    max: seconds(histogram.max)
  })
  let since = performance.now()
  let last = read()
  const current = () => {
    const now = performance.now()
    if (now - since >= period) {
      last = read()
      since = now
      histogram.reset()
    } else if (last.max === 0) return read()
    return last
  }
  yield* Telemetry.observe("nodejs.eventloop.delay.p50", () => current().p50)
  yield* Telemetry.observe("nodejs.eventloop.delay.p99", () => current().p99)
  yield* Telemetry.observe("nodejs.eventloop.delay.max", () => current().max)
})

const memory = Effect.gen(function*() {
  for (const { space_name: name } of getHeapSpaceStatistics()) {
    const used = () => getHeapSpaceStatistics().find((space) => space.space_name === name)?.space_used_size ?? 0
    yield* Telemetry.observe("v8js.memory.heap.used", used, { "v8js.heap.space.name": name })
  }
  yield* Telemetry.observe("process.memory.usage", () => process.memoryUsage.rss())
})

/** The process's own metrics, by the names of OpenTelemetry: the event loop's delay, heap and memory. */
export const layer: Layer.Layer<never> = Layer.effectDiscard(Effect.andThen(eventLoop, memory))
