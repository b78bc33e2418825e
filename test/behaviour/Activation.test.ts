import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import { TickGenerator } from "../../src/heartbeat/TickGenerator.ts"
import * as Domain from "../../src/model/Domain.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import { brief, states, tick, trail } from "../support/app.ts"
import { acyclic, domainsOf, type Planned } from "../support/arbitraries.ts"
import { awaitState, settle } from "../support/awaitState.ts"
import * as LogLines from "../support/LogLines.ts"

const emit = TickGenerator.use((heart) => heart.emit)
const activeCount = DomainRegistry.use((registry) => registry.activeCount)

class Flow extends Context.Service<Flow, { readonly name: string }>()("test/Flow") {}

const thunderflow = Domain.make("thunderflow", { layer: Layer.succeed(Flow, { name: "flow" }) })
const thunderbolt = Domain.make("thunderbolt", { dependsOn: [thunderflow], layer: Layer.effectDiscard(Flow) })

const activations = Effect.map(trail, (events) => events.filter((event) => event.to === "active"))

/** When each domain of a plan shall become active: the tick, and the wave within it. */
const expected = (plan: ReadonlyArray<Planned>) => {
  const openings: Array<{ readonly tick: number; readonly wave: number }> = []
  for (const { activationTick, after, dependsOn } of plan) {
    const awaited = [...dependsOn, ...after].map((index) => openings[index]!)
    const tick = Math.max(activationTick, ...awaited.map((opening) => opening.tick))
    const wave = Math.max(0, ...awaited.filter((opening) => opening.tick === tick).map((opening) => opening.wave + 1))
    openings.push({ tick, wave })
  }
  return new Map(plan.map((planned, index) => [planned.name, openings[index]!]))
}

const planned = (plan: ReadonlyArray<Planned>, build: (planned: Planned) => Effect.Effect<void> = () => Effect.void) =>
  domainsOf(plan, (planned, dependsOn, after): Domain.Any =>
    Domain.make(planned.name, {
      dependsOn,
      after,
      activationTick: planned.activationTick,
      layer: Layer.effectDiscard(build(planned))
    }))

/** Each became active once, in its tick and wave, and behind all that it waits for. */
const assertOrder = (plan: ReadonlyArray<Planned>, events: ReadonlyArray<DomainEvent>) => {
  const active = events.filter((event) => event.to === "active").map((event) => event.domain)
  assert.deepStrictEqual(active.toSorted(), plan.map(({ name }) => name).toSorted(), "each once")
  for (const { after, dependsOn, name } of plan) {
    const opened = events.findIndex((event) => event.domain === name && event.to === "activating")
    for (const other of [...dependsOn, ...after]) {
      const before = events.findIndex((event) => event.domain === `d${other}` && event.to === "active")
      assert.isBelow(before, opened, `${name} waits for d${other}`)
    }
  }
}

const openingsOf = Effect.map(
  DomainRegistry.use((registry) => registry.snapshot),
  (views) =>
    new Map(views.map(({ name, status }) => [
      name,
      status._tag === "active" ? { tick: status.opening.tick.count, wave: status.opening.wave } : status._tag
    ]))
)

const sorted = <A>(map: ReadonlyMap<string, A>) => Array.from(map).sort(([a], [b]) => (a < b ? -1 : 1))

describe("Activation", () => {
  it.effect("says in the log what comes after what, in the words of the design", () =>
    Effect.gen(function*() {
      const { lines, texts } = yield* LogLines.LogLines
      const start = [
        "[DomainRegistry] Started and subscribed to system events",
        "[Thunderflow] Waiting for first tick to activate...",
        "[Thunderbolt] Waiting for first tick to activate...",
        "[TickGenerator] Started with 1000ms interval"
      ]
      assert.deepStrictEqual(texts(), start)
      yield* TestClock.adjust("1 second")
      yield* awaitState("both are active", Effect.map(activeCount, (count) => count === 2))
      yield* settle
      assert.deepStrictEqual(texts().slice(start.length), [
        "[Thunderflow] Received first tick 1, activating...",
        "[Thunderflow] Activating at tick 1",
        "[DomainRegistry] Domain activated: thunderflow",
        "[Thunderbolt] Received first tick 1, activating...",
        "[Thunderbolt] Activating at tick 1",
        "[DomainRegistry] Domain activated: thunderbolt"
      ])
      assert.deepStrictEqual(
        lines.filter(({ text }) => text.includes("Domain activated")).map(({ annotations }) => annotations),
        [
          {
            "event.name": "thunderline.domain.activated",
            domain: "thunderflow",
            tick: 1,
            wave: 0,
            active_count: 1,
            status: "active"
          },
          {
            "event.name": "thunderline.domain.activated",
            domain: "thunderbolt",
            tick: 1,
            wave: 1,
            active_count: 2,
            status: "active"
          }
        ]
      )
      assert.deepInclude(lines.find(({ text }) => text === "[Thunderbolt] Activating at tick 1"), {
        level: "Info",
        annotations: { "event.name": "thunderline.domain.activating", domain: "thunderbolt", tick: 1 }
      })
    }).pipe(
      Effect.provide(Layer.provideMerge(Thunderline.layer({ domains: [thunderflow, thunderbolt] }), LogLines.layer))
    ))

  it.effect("lets independent domains wait and activate in the order given", () => {
    const domains = ["c", "a", "b"].map((name) => Domain.make(name, { layer: Layer.empty }))
    return Effect.gen(function*() {
      const { texts } = yield* LogLines.LogLines
      yield* tick
      const order = (word: string) => texts().filter((text) => text.includes(word)).map((text) => text[1]!)
      assert.deepStrictEqual(order("Waiting"), ["C", "A", "B"])
      assert.deepStrictEqual(order("Received"), ["C", "A", "B"])
      assert.deepStrictEqual((yield* activations).map((event) => event.domain), ["c", "a", "b"])
    }).pipe(Effect.provide(Layer.provideMerge(Thunderline.layerTest({ domains }), LogLines.layer)))
  })

  it.effect("starts the heartbeat only when every domain waits: of 1,000 none misses tick 1", () => {
    const domains = Array.from({ length: 1_000 }, (_, i) => Domain.make(`d${i}`, { layer: Layer.empty }))
    return Effect.gen(function*() {
      const { texts } = yield* LogLines.LogLines
      assert.strictEqual(texts().at(-1), "[TickGenerator] Started with 1000ms interval")
      assert.lengthOf(texts().filter((text) => text.includes("Waiting for first tick")), 1_000)
      yield* awaitState("all are active", Effect.map(activeCount, (count) => count === 1_000))
      const openings = yield* openingsOf
      assert.isTrue(Array.from(openings.values()).every((one) => typeof one === "object" && one.tick === 1))
      assert.strictEqual(yield* DomainRegistry.use((registry) => registry.currentTick), 1)
      assert.isTrue((yield* trail).every((event) => event.tick === 1 && event.wave === 0))
    }).pipe(
      Effect.provide(Layer.provideMerge(Thunderline.layer({ domains, firstTick: "immediate" }), LogLines.layer))
    )
  })

  it.effect("activates a chain of 200 in one tick, one wave after the other", () => {
    const domains: Array<Domain.Any> = []
    for (let i = 0; i < 200; i++) {
      domains.push(Domain.make(`d${i}`, { layer: Layer.empty, dependsOn: domains.slice(-1) }))
    }
    return Effect.gen(function*() {
      yield* emit
      yield* awaitState("all are active", Effect.map(activeCount, (count) => count === 200))
      assert.deepStrictEqual(
        (yield* activations).map(({ domain, tick, wave }) => `${domain} ${tick} ${wave}`),
        domains.map(({ name }, wave) => `${name} 1 ${wave}`)
      )
    }).pipe(Effect.provide(Thunderline.layerTest({ domains: domains.toReversed() })))
  })

  it.effect("waits for the activation tick, and holds back those that depend on it until then, and only those", () => {
    const late = Domain.make("late", { layer: Layer.empty, activationTick: 3 })
    const early = Domain.make("early", { layer: Layer.empty })
    const dependant = Domain.make("dependant", { layer: Layer.empty, dependsOn: [late, early] })
    const follower = Domain.make("follower", { layer: Layer.empty, after: [late], activationTick: 2 })
    const later = Domain.make("later", { layer: Layer.empty, dependsOn: [early], activationTick: 4 })
    return Effect.gen(function*() {
      const seen: Array<ReadonlyArray<string>> = []
      for (let n = 0; n < 4; n++) {
        yield* tick
        seen.push(yield* DomainRegistry.use((registry) => registry.activeDomains))
      }
      assert.deepStrictEqual(seen, [
        ["early"],
        ["early"],
        ["late", "early", "dependant", "follower"],
        ["late", "early", "dependant", "follower", "later"]
      ])
      assert.deepStrictEqual(
        sorted(yield* openingsOf),
        sorted(
          new Map([
            ["late", { tick: 3, wave: 0 }],
            ["early", { tick: 1, wave: 0 }],
            ["dependant", { tick: 3, wave: 1 }],
            ["follower", { tick: 3, wave: 1 }],
            ["later", { tick: 4, wave: 0 }]
          ])
        )
      )
    }).pipe(Effect.provide(Thunderline.layerTest({ domains: [late, early, dependant, follower, later] })))
  })

  it.effect("never activates again on later ticks: they only advance the last tick", () =>
    Effect.gen(function*() {
      for (let n = 0; n < 5; n++) yield* tick
      assert.deepStrictEqual((yield* trail).map(brief), [
        "thunderflow: waiting -> activating",
        "thunderflow: activating -> active",
        "thunderbolt: waiting -> activating",
        "thunderbolt: activating -> active"
      ])
      const views = yield* DomainRegistry.use((registry) => registry.snapshot)
      assert.deepStrictEqual(views.map(({ generation, lastTick }) => [generation, lastTick]), [[1, 5], [1, 5]])
    }).pipe(Effect.provide(Thunderline.layerTest({ domains: [thunderflow, thunderbolt] }))))

  it.effect("counts in a tick's metadata the domains that were active when it was sent", () =>
    Effect.gen(function*() {
      const counts: Array<number> = []
      for (let n = 0; n < 3; n++) {
        counts.push((yield* emit).metadata.activeDomains)
        yield* settle
      }
      assert.deepStrictEqual(counts, [0, 2, 2])
    }).pipe(Effect.provide(Thunderline.layerTest({ domains: [thunderflow, thunderbolt] }))))

  it.effect("activates at start, in waves, without a tick, when told not to wait for one", () => {
    const late = Domain.make("late", { layer: Layer.empty, dependsOn: [thunderbolt], activationTick: 50 })
    return Effect.gen(function*() {
      const { texts } = yield* LogLines.LogLines
      yield* awaitState("all are active", Effect.map(activeCount, (count) => count === 3))
      assert.deepStrictEqual(
        sorted(yield* openingsOf),
        sorted(
          new Map([
            ["thunderflow", { tick: 0, wave: 0 }],
            ["thunderbolt", { tick: 0, wave: 1 }],
            ["late", { tick: 0, wave: 2 }]
          ])
        )
      )
      assert.strictEqual(yield* DomainRegistry.use((registry) => registry.currentTick), 0)
      assert.isFalse(texts().some((text) => text.includes("Received first tick")))
      yield* tick
      assert.lengthOf(yield* activations, 3)
    }).pipe(Effect.provide(
      Layer.provideMerge(
        Thunderline.layerTest({ domains: [late, thunderbolt, thunderflow], waitForTick: false }),
        LogLines.layer
      )
    ))
  })

  it.effect("takes an application without domains", () =>
    Effect.gen(function*() {
      yield* tick
      assert.deepStrictEqual(yield* states, {})
    }).pipe(Effect.provide(Thunderline.layerTest({ domains: [] }))))

  it.effect("fails before anything starts when the graph is wrong", () => {
    const built: Array<string> = []
    const first = Domain.make("a", { layer: Layer.effectDiscard(Effect.sync(() => built.push("a"))) })
    const second = Domain.make("a", { layer: Layer.empty })
    return Effect.gen(function*() {
      const { texts } = yield* LogLines.LogLines
      const layer = Thunderline.layer({ domains: [first, second], waitForTick: false })
      const error = yield* Effect.flip(Layer.build(layer))
      assert.strictEqual(error._tag, "DuplicateDomain")
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(built, [])
      assert.isFalse(texts().some((text) => /Waiting|TickGenerator/.test(text)))
    }).pipe(Effect.provide(LogLines.layer))
  })

  it.effect.prop(
    "any graph: each domain activates once, behind what it waits for, in the earliest tick and wave, without a timer",
    { plan: acyclic },
    ({ plan }) =>
      Effect.gen(function*() {
        const shall = expected(plan)
        for (let count = 1; count <= 5; count++) {
          yield* emit
          const due = Array.from(shall.values()).filter((opening) => opening.tick <= count).length
          yield* awaitState(`${due} are active at tick ${count}`, Effect.map(activeCount, (now) => now === due))
          yield* settle
          assert.strictEqual(yield* activeCount, due)
        }
        assert.strictEqual(yield* Clock.currentTimeMillis, 0)
        assert.deepStrictEqual(sorted(yield* openingsOf), sorted(shall))
        const events = yield* trail
        assert.lengthOf(events, plan.length * 2)
        assertOrder(plan, events)
        for (const event of events) {
          assert.deepStrictEqual({ tick: event.tick, wave: event.wave }, shall.get(event.domain))
        }
      }).pipe(Effect.provide(Thunderline.layerTest({ domains: planned(plan) })))
  )

  it.effect.prop(
    "any graph and any time to build: the same ticks and waves, each built as soon as what it waits for is active",
    { plan: acyclic },
    ({ plan }) => {
      const began = new Map<string, number>()
      const build = ({ buildMs, name }: Planned) =>
        Effect.gen(function*() {
          assert.isFalse(began.has(name), `${name} is built once`)
          began.set(name, yield* Clock.currentTimeMillis)
          yield* Effect.sleep(buildMs)
        })
      return Effect.gen(function*() {
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(sorted(yield* openingsOf), sorted(expected(plan)))
        assertOrder(plan, yield* trail)
        const ready: Array<number> = []
        for (const { activationTick, after, buildMs, dependsOn, name } of plan) {
          const at = Math.max(activationTick * 1_000, ...[...dependsOn, ...after].map((index) => ready[index]!))
          assert.strictEqual(began.get(name), at, `${name} is built as soon as it can`)
          ready.push(at + buildMs)
        }
      }).pipe(Effect.provide(Thunderline.layer({ domains: planned(plan, build) })))
    },
    { arbitrary: { runs: 40 } }
  )
})
