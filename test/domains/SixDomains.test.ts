import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { domains, domainsWith } from "../../src/domains/SixDomains.ts"
import { Policy } from "../../src/domains/thundercrown/Policy.ts"
import { EventBuffer } from "../../src/domains/thunderflow/EventBuffer.ts"
import type { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import * as SystemPubSub from "../../src/heartbeat/SystemPubSub.ts"
import type * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import { DomainStatus } from "../../src/model/DomainStatus.ts"
import type { Tick } from "../../src/model/Tick.ts"
import { TickDispatcher, type TickHandled } from "../../src/supervision/TickDispatcher.ts"
import { steady, uniform } from "./cerebros/Durations.ts"
import * as TestRegistry from "./TestRegistry.ts"

/** Does not compile when a domain needs more than its dependencies and the infrastructure provide. */
type Infrastructure = DomainControl | DomainRegistry | SystemPubSub.SystemPubSub | TickDispatcher
const selfSufficient: ReadonlyArray<Domain.Domain<string, any, never, Infrastructure>> = domains

const tick = (count: number): Tick => ({
  count,
  slot: count,
  epoch: 1,
  timestamp: DateTime.makeUnsafe(0),
  lateness: Duration.zero,
  interval: Duration.seconds(1),
  metadata: { activeDomains: 6 }
})

/** One generation of each domain, built in order with what its dependencies provide; `beat` gives all of them a tick. */
const start = Effect.fnUntraced(function*(
  app: ReadonlyArray<Domain.Domain<string, any, never, Infrastructure>>,
  infrastructure: Context.Context<Infrastructure>
) {
  const running = new Map<string, Context.Context<any>>()
  for (const { dependsOn, layer, name, workers } of app) {
    const needs = dependsOn.reduce((all, { name }) => Context.merge(all, running.get(name)!), infrastructure)
    const provides = yield* Layer.build(layer as Layer.Layer<any>).pipe(Effect.provideContext(needs))
    running.set(name, provides)
    for (const { effect } of workers) {
      yield* effect.pipe(
        Effect.provideContext(Context.merge(needs, provides)),
        Effect.forkScoped({ startImmediately: true })
      )
    }
  }
  const beat = Effect.fnUntraced(function*(count: number) {
    for (const { dependsOn, name, onTick } of app) {
      if (onTick === undefined) continue
      const needs = dependsOn.reduce((all, { name }) => Context.merge(all, running.get(name)!), infrastructure)
      yield* Effect.provideContext(onTick(tick(count)), Context.merge(needs, running.get(name)!))
    }
  })
  return { running, beat }
})

describe("SixDomains", () => {
  it("stand in an order in which each comes after those that it depends on", () => {
    const graph = selfSufficient.map(({ dependsOn, name }) => [name, dependsOn.map(({ name }) => name)])
    assert.deepStrictEqual(graph, [
      ["thunderflow", []],
      ["thundergate", []],
      ["thunderbolt", ["thunderflow"]],
      ["cerebros", ["thunderflow", "thunderbolt"]],
      ["thundercrown", ["cerebros", "thundergate"]],
      ["thundergrid", ["thunderflow"]]
    ])
  })

  it("are the same domains with another policy, but for thundercrown", () => {
    const acting = domainsWith({ policy: { mode: "act" } })
    acting.forEach((domain, i) => {
      assert.strictEqual(domain.name, domains[i]!.name)
      assert.strictEqual(domain === domains[i], domain.name !== "thundercrown")
    })
  })

  it.effect("restart, together, the domain that becomes 10 times slower, and only that one, and only once", () =>
    Effect.gen(function*() {
      const names = domains.map(({ name }) => name)
      const registry = TestRegistry.make()
      registry.domains = names.map((name) =>
        TestRegistry.view(name, DomainStatus.active({ opening: { tick: tick(1), wave: 0 } }))
      )
      const handled = yield* PubSub.unbounded<TickHandled>()
      const operations: Array<string> = []
      const operation = (name: string) => (domain: string) =>
        Effect.sync(() => void operations.push(`${name} ${domain}`))
      const infrastructure = yield* Layer.build(Layer.mergeAll(
        SystemPubSub.layer,
        TestRegistry.layer(registry),
        Layer.succeed(TickDispatcher, { handled: Stream.fromPubSub(handled) }),
        Layer.succeed(DomainControl, {
          restart: operation("restart"),
          activate: operation("activate"),
          deactivate: operation("deactivate")
        })
      ))
      const { beat, running } = yield* start(domainsWith({ policy: { mode: "act" } }), infrastructure)
      const shapes = Object.values(steady).map((shape, i) => shape(uniform(i)))
      const run = Effect.fnUntraced(function*(ticks: number, slow: string | undefined) {
        for (let n = 0; n < ticks; n++) {
          registry.tick++
          for (const [i, domain] of names.entries()) {
            const duration = Duration.millis(shapes[i]!() * (domain === slow ? 10 : 1))
            yield* PubSub.publish(handled, { domain, generation: 1, tick: registry.tick, duration, coalesced: 0 })
          }
          yield* Effect.repeat(Effect.yieldNow, { times: 10 })
          yield* beat(registry.tick)
        }
      })
      yield* run(200, undefined)
      assert.deepStrictEqual(operations, [])
      yield* run(60, "thundergrid")
      assert.deepStrictEqual(operations, ["restart thundergrid"])
      const [decision] = yield* Context.get(running.get("thundercrown")!, Policy).recent
      assert.isAtMost(decision!.tick, 222)
      const events = yield* Context.get(running.get("thunderflow")!, EventBuffer).recent
      assert.include(events.map(({ type }) => type), "cerebros.anomaly")
    }))
})
