/**
 * Thunderline as a subject of a benchmark of tick-based activation, next to the same design on other runtimes: called as
 * `subject.ts FIGURE --n N …`, one measurement a process, it prints one object of JSON. Times are in nanoseconds.
 *
 * - `fan --n --ticks --gap --warm`: the first tick until the registry shows n domains active, then ticks until the last
 *   of them has counted each; `warm` more such systems in the same process.
 * - `mem --n` (with --expose-gc): bytes for each waiting and each active domain.
 * - `drift --interval --ticks --n`: when the ticks were sent.
 * - `reads --n`: look-ups in the registry for each second, within a fiber.
 * - `start --interval`: prints `ACTIVE` when the first of six domains is, and ends.
 * - `teardown --n`: the end of an application of n waiting domains.
 *
 * What is measured is the whole of it with the trail in memory: each transition is checked, counted, offered to the
 * outbox and published. Nothing is logged and nothing exported.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { DomainRegistry } from "../src/heartbeat/DomainRegistry.ts"
import { TickGenerator } from "../src/heartbeat/TickGenerator.ts"
import * as Domain from "../src/model/Domain.ts"
import * as Thunderline from "../src/Thunderline.ts"

const string = { type: "string" } as const
const { positionals: [figure], values } = parseArgs({
  allowPositionals: true,
  options: { n: string, ticks: string, gap: string, warm: string, interval: string }
})
const option = (name: keyof typeof values, otherwise: number) => Number(values[name] ?? otherwise)
const n = option("n", 6)

const now = () => Number(process.hrtime.bigint())

/** An application of n domains that count, and what they count up to. */
const start = async (n: number, options: { readonly interval?: number; readonly metadata?: () => {} } = {}) => {
  const reached = { activated: () => {}, ticked: () => {} }
  let activated = 0
  let ticked = 0
  const domains = Array.from({ length: n }, (_, i) =>
    Domain.make(`domain-${i}`, {
      layer: Layer.empty,
      onActivate: () =>
        Effect.sync(() => {
          if (++activated === n) reached.activated()
        }),
      onTick: () =>
        Effect.sync(() => {
          if (++ticked === n) reached.ticked()
        })
    }))
  const began = now()
  const scope = Scope.makeUnsafe()
  const layer = Thunderline.layer({
    domains,
    outbox: { capacity: 10 * n + 10_000 },
    ...(options.interval === undefined ? { heartbeat: "manual" } : { ...options, interval: options.interval })
  })
  const context = await Effect.runPromise(
    Effect.provide(Layer.buildWithScope(layer, scope), Logger.layer([]))
  )
  const setup = now() - began
  const run = Effect.runPromiseWith(context)
  const { activeCount } = await run(DomainRegistry)
  const { emit } = await run(TickGenerator)
  return {
    setup,
    run,
    /** Sends a tick from a timer's callback, as the heart does; gives when it began and how long the sending took. */
    tick: () =>
      new Promise<{ readonly at: number; readonly took: number }>((resolve) =>
        setTimeout(() => {
          const at = now()
          Effect.runForkWith(context)(emit).addObserver(() => resolve({ at, took: now() - at }))
        }, 1)
      ),
    /** When the registry shows that all are active. */
    active: new Promise<number>((resolve) => {
      const look = Effect.gen(function*() {
        while ((yield* activeCount) < n) yield* Effect.yieldNow
        resolve(now())
      })
      reached.activated = () => Effect.runForkWith(context)(look)
    }),
    /** When the last domain has counted the next tick. */
    counted: () =>
      new Promise<number>((resolve) => {
        ticked = 0
        reached.ticked = () => resolve(now())
      }),
    stop: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

const activation = async (ticks: number, gap: number) => {
  const app = await start(n)
  await sleep(200)
  const first = await app.tick()
  const activated = (await app.active) - first.at
  const fanout: Array<number> = []
  const broadcast: Array<number> = []
  for (let tick = 0; tick < ticks; tick++) {
    await sleep(gap)
    const counted = app.counted()
    const { at, took } = await app.tick()
    broadcast.push(took)
    fanout.push((await counted) - at)
  }
  await app.stop()
  return { setup: app.setup, activation: activated, fanout, broadcast }
}

const collected = async () => {
  for (let i = 0; i < 4; i++) {
    globalThis.gc!()
    await sleep(20)
  }
  const { external, heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss }
}

const perSecond = async (run: (times: number) => Promise<unknown>) => {
  for (let times = 10_000;; times *= 2) {
    const began = now()
    await run(times)
    const took = now() - began
    if (took > 500e6) return times * 1e9 / took
  }
}

const figures: Record<string, () => Promise<object>> = {
  fan: async () => {
    const first = await activation(option("ticks", 0), option("gap", 20))
    const warm: Array<number> = []
    for (let again = 0; again < option("warm", 0); again++) warm.push((await activation(0, 0)).activation)
    return { ...first, warm_activation: warm }
  },
  mem: async () => {
    await (await start(10)).stop()
    const before = await collected()
    const app = await start(n)
    const waiting = await collected()
    await app.tick()
    await app.active
    const active = await collected()
    return {
      waiting_total: (waiting.heap - before.heap) / n,
      waiting_rss: (waiting.rss - before.rss) / n,
      active_total: (active.heap - before.heap) / n,
      active_rss: (active.rss - before.rss) / n,
      rss_after: waiting.rss
    }
  },
  drift: async () => {
    const stamps: Array<number> = []
    const done = new Promise<void>((resolve) => {
      void start(n, {
        interval: option("interval", 10),
        metadata: () => {
          if (stamps.push(now()) === option("ticks", 100)) resolve()
          return {}
        }
      })
    })
    await done
    return { stamps_ns: stamps }
  },
  reads: async () => {
    const app = await start(n)
    await app.tick()
    await app.active
    const { activeDomains, domainStatus } = await app.run(DomainRegistry)
    const names = await app.run(activeDomains)
    const repeated = (effect: (i: number) => Effect.Effect<unknown, unknown>) =>
      perSecond((times) =>
        app.run(Effect.gen(function*() {
          for (let i = 0; i < times; i++) yield* effect(i)
        }))
      )
    return {
      effect_lookups_per_s: await repeated((i) => domainStatus(names[i % n]!)),
      effect_active_snapshot_per_s: await repeated(() => activeDomains)
    }
  },
  start: async () => {
    await (await start(6, { interval: option("interval", 1_000) })).active
    process.stdout.write("ACTIVE\n")
    process.exit(0)
  },
  teardown: async () => {
    const app = await start(n)
    await sleep(100)
    const began = now()
    await app.stop()
    return { all_gone: now() - began }
  }
}

const measure = figures[figure ?? ""]
if (measure === undefined) {
  console.error(
    `What is to be measured is ${figure ?? "not given"}, it must be one of ${Object.keys(figures).join(", ")}`
  )
  process.exit(2)
}
console.log(JSON.stringify(await measure()))
process.exit(0)
