import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { pathToFileURL } from "node:url"
import type * as Thunderline from "../src/index.ts"
import type { Benchmark, Figure } from "./Benchmark.ts"

// What a fork costs in a domain, into no scope and into the scope of its layer, and what a tick costs for each domain with
// an onTick: against the same fork in plain Effect, and against another version where THUNDERLINE_BASELINE is the path of
// its checkout. All take turns in one process.

type Library = typeof Thunderline

const rounds = 15
const forks = 20_000
const domains = 1_000
const ticks = 20

class Forks extends Context.Service<Forks, {
  readonly unowned: Effect.Effect<number>
  readonly owned: Effect.Effect<number>
}>()("bench/Forks") {}

const makeForks = Effect.gen(function*() {
  const scope = yield* Effect.scope
  const each = (fork: Effect.Effect<Fiber.Fiber<void>>) =>
    Effect.gen(function*() {
      for (let i = 0; i < forks; i++) yield* fork
      yield* Effect.yieldNow
    })
  return {
    unowned: each(Effect.forkChild(Effect.void)),
    owned: each(Effect.forkIn(Effect.void, scope))
  }
})

const timed = (effect: Effect.Effect<unknown>) =>
  Effect.gen(function*() {
    const started = performance.now()
    yield* effect
    return performance.now() - started
  })

/** One version of the library, with a domain that forks, and others that take ticks. */
const subject = Effect.fnUntraced(
  function*(label: string, { Domain, Thunderline: { layerTest }, TickGenerator }: Library) {
    let handled = 0
    const forking = Domain.make("forking", {
      layer: Layer.effect(Forks)(Effect.gen(function*() {
        const context = yield* Effect.context<never>()
        const forks = yield* makeForks
        const run = (effect: Effect.Effect<void>) => Effect.promise(() => Effect.runPromiseWith(context)(timed(effect)))
        return { unowned: run(forks.unowned), owned: run(forks.owned) }
      }))
    })
    const others = Array.from({ length: domains }, (_, index) =>
      Domain.make(`domain-${index}`, {
        layer: Layer.empty,
        onTick: () => Effect.sync(() => handled++)
      }))
    const context = yield* Layer.build(
      layerTest({ domains: [forking, ...others] }) as Layer.Layer<any>
    )
    const use = <A>(effect: Effect.Effect<A, unknown, any>) =>
      Effect.orDie(Effect.provideContext(effect, context)) as Effect.Effect<A>
    const emit = use(TickGenerator.TickGenerator.use((generator) => generator.emit))
    const measured = (which: "owned" | "unowned") => use(Domain.use(forking, Forks.use((forks) => forks[which])))
    const awaitHandled = (until: number): Effect.Effect<void> =>
      Effect.suspend(() => handled < until ? Effect.andThen(Effect.yieldNow, awaitHandled(until)) : Effect.void)
    const tick = Effect.suspend(() => {
      const until = handled + domains
      return Effect.andThen(emit, awaitHandled(until))
    })
    yield* emit
    yield* measured("unowned")
    return {
      label,
      measure: Effect.gen(function*() {
        const unowned = yield* measured("unowned")
        const owned = yield* measured("owned")
        const ticking = yield* timed(Effect.repeat(tick, { times: ticks - 1 }))
        return {
          "fork into no scope": unowned * 1e6 / forks,
          "fork into the layer's scope": owned * 1e6 / forks,
          "tick of one domain": ticking * 1e6 / (ticks * domains)
        }
      })
    }
  }
)

const program = (report: (figure: Figure) => void) =>
  Effect.gen(function*() {
    const baseline = process.env["THUNDERLINE_BASELINE"]
    const subjects = [yield* subject("this version", yield* Effect.promise(() => import("../src/index.ts")))]
    if (baseline !== undefined) {
      const other: Library = yield* Effect.promise(() => import(pathToFileURL(`${baseline}/src/index.ts`).href))
      subjects.push(yield* subject("the baseline", other))
    }
    const scope = yield* Effect.scope
    const plain = yield* makeForks.pipe(Effect.provideService(Scope.Scope, scope))
    const bare = Effect.gen(function*() {
      return {
        "fork into no scope": (yield* timed(plain.unowned)) * 1e6 / forks,
        "fork into the layer's scope": (yield* timed(plain.owned)) * 1e6 / forks
      }
    })
    for (let round = -3; round < rounds; round++) {
      const figures: Record<string, Readonly<Record<string, number>>> = { "plain Effect": yield* bare }
      for (const { label, measure } of round % 2 === 0 ? subjects : subjects.toReversed()) {
        figures[label] = yield* measure
      }
      if (round < 0) continue
      for (const [label, values] of Object.entries(figures)) {
        for (const [name, value] of Object.entries(values)) report({ name: `${name}, ${label}`, unit: "ns", value })
      }
      const mine = figures["this version"]!
      for (const [label, values] of Object.entries(figures)) {
        if (label === "this version") continue
        for (const [name, value] of Object.entries(values)) {
          report({ name: `${name}, against ${label}`, unit: "times", value: mine[name]! / value })
        }
      }
    }
  })

const benchmark: Benchmark = (report) =>
  Effect.runPromise(Effect.scoped(program(report)).pipe(Effect.provide(Logger.layer([]))))

export default benchmark
