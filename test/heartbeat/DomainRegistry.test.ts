import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as DomainRecord from "../../src/heartbeat/DomainRecord.ts"
import { DomainRegistry, layer } from "../../src/heartbeat/DomainRegistry.ts"
import * as SystemPubSub from "../../src/heartbeat/SystemPubSub.ts"
import { type Transition, Transitions } from "../../src/heartbeat/Transitions.ts"
import * as Domain from "../../src/model/Domain.ts"
import { maxCauseLength } from "../../src/model/DomainEvent.ts"
import * as DomainGraph from "../../src/model/DomainGraph.ts"
import type { DomainHealth } from "../../src/model/DomainHealth.ts"
import { DomainStatus, Trigger } from "../../src/model/DomainStatus.ts"
import * as CurrentRun from "../../src/trail/CurrentRun.ts"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"
import * as Outbox from "../../src/trail/Outbox.ts"
import { Repo } from "../../src/trail/Repo.ts"
import * as TrailStatus from "../../src/trail/TrailStatus.ts"
import { settle } from "../support/awaitState.ts"
import { foundation } from "../support/foundation.ts"
import { tick } from "../support/values.ts"

const a = Domain.make("a", { layer: Layer.empty })
const b = Domain.make("b", { layer: Layer.empty, dependsOn: [a], criticality: "optional" })
const c = Domain.make("c", { layer: Layer.empty, dependsOn: [b], after: [a] })

/** A registry that knows c, a and b, in that order. */
const enrolled = Effect.gen(function*() {
  const nodes = yield* DomainGraph.make([c, a, b])
  const transitions = yield* Transitions
  const registry = yield* DomainRegistry
  const health = new Map<string, DomainHealth>()
  transitions.enrol(nodes.map((node) => DomainRecord.make(node, 0)), {
    health: ({ node }) => health.get(node.domain.name) ?? null,
    unmet: () => []
  })
  const [nodeC, nodeA, nodeB] = nodes as [DomainGraph.DomainNode, DomainGraph.DomainNode, DomainGraph.DomainNode]
  return { a: nodeA, b: nodeB, c: nodeC, health, registry, transitions }
})

const opening = (count: number, wave = 0) => ({ tick: tick(count), wave })
const open = (node: DomainGraph.DomainNode, count = 1, wave = 0): Transition => ({
  node,
  trigger: Trigger.GateOpened({ opening: opening(count, wave) }),
  reason: "tick"
})
const activated = (node: DomainGraph.DomainNode): Transition => ({
  node,
  trigger: Trigger.Activated(),
  reason: "activated",
  durationMs: 5
})
const failed = (node: DomainGraph.DomainNode, cause = "boom"): Transition => ({
  node,
  trigger: Trigger.Failed({ cause }),
  reason: "failure"
})
const lost = (node: DomainGraph.DomainNode): Transition => ({
  node,
  trigger: Trigger.DependencyLost(),
  reason: "dependency"
})
const closed = (node: DomainGraph.DomainNode): Transition => ({
  node,
  trigger: Trigger.Closed({ gate: undefined }),
  reason: "dependency"
})

describe("DomainRegistry", () => {
  it.effect("knows nothing before domains are enrolled, then all of them waiting, in the order given", () =>
    Effect.gen(function*() {
      const registry = yield* DomainRegistry
      assert.deepStrictEqual(yield* registry.snapshot, [])
      assert.strictEqual(yield* registry.currentTick, 0)
      assert.deepStrictEqual(yield* registry.lastTick, Option.none())
      yield* enrolled
      const waiting = {
        status: DomainStatus.waiting(),
        since: 0,
        activatedAt: null,
        activationTick: 1,
        generation: 0,
        lastTick: 0,
        health: null,
        blockedBy: []
      }
      assert.deepStrictEqual(yield* registry.snapshot, [
        { ...waiting, name: "c", dependsOn: ["b"], after: ["a"], criticality: "required" as const },
        { ...waiting, name: "a", dependsOn: [], after: [], criticality: "required" as const },
        { ...waiting, name: "b", dependsOn: ["a"], after: [], criticality: "optional" as const }
      ])
      assert.deepStrictEqual(yield* registry.activeDomains, [])
      assert.strictEqual(yield* registry.activeCount, 0)
      assert.deepStrictEqual(yield* registry.activationHistory, [])
    }).pipe(Effect.provide(foundation)))

  it.effect("tells the active domains in the order given, however they came and went", () =>
    Effect.gen(function*() {
      const { a, b, c, registry, transitions } = yield* enrolled
      const seen: Array<readonly [ReadonlyArray<string>, number]> = []
      for (
        const batch of [
          [open(b), open(a)],
          [activated(b)],
          [activated(a)],
          [open(c), activated(c)],
          [lost(c), failed(b)],
          [closed(c)]
        ]
      ) {
        yield* transitions.commit(batch)
        seen.push([yield* registry.activeDomains, yield* registry.activeCount])
      }
      assert.deepStrictEqual(seen, [[[], 0], [["b"], 1], [["a", "b"], 2], [["c", "a", "b"], 3], [["a"], 1], [["a"], 1]])
    }).pipe(Effect.provide(foundation)))

  it.effect("gives a domain's exact status, and names those it knows when asked for another", () =>
    Effect.gen(function*() {
      const { a, registry, transitions } = yield* enrolled
      yield* transitions.commit([open(a, 4, 2)])
      assert.deepStrictEqual(yield* registry.domainStatus("a"), DomainStatus.activating({ opening: opening(4, 2) }))
      const error = yield* Effect.flip(registry.domainStatus("d"))
      assert.strictEqual(error._tag, "UnknownDomain")
      assert.strictEqual(error.message, `There is no domain "d"; there are: c, a, b`)
    }).pipe(Effect.provide(foundation)))

  it.effect("counts generations by the entries into activating", () =>
    Effect.gen(function*() {
      const { a, b, registry, transitions } = yield* enrolled
      yield* transitions.commit([open(a), activated(a), open(b)])
      yield* transitions.commit([lost(b), failed(a)])
      yield* transitions.commit([closed(b)])
      yield* transitions.commit([{
        node: a,
        trigger: Trigger.Restart({ gate: opening(2) }),
        reason: "operator"
      }])
      assert.deepStrictEqual((yield* registry.snapshot).map((view) => [view.name, view.generation]), [
        ["c", 0],
        ["a", 2],
        ["b", 1]
      ])
      assert.strictEqual(transitions.recordOf(a).generation, 2)
    }).pipe(Effect.provide(foundation)))

  it.effect("keeps the newest tick, and for each domain the last one at which it was active", () =>
    Effect.gen(function*() {
      const { a, b, registry, transitions } = yield* enrolled
      transitions.ticked(tick(3))
      yield* transitions.commit([open(a, 3), activated(a), open(b, 3, 1), activated(b)])
      transitions.ticked(tick(5))
      yield* transitions.commit([failed(b)])
      transitions.ticked(tick(9))
      assert.strictEqual(yield* registry.currentTick, 9)
      assert.deepStrictEqual(yield* registry.lastTick, Option.some(tick(9)))
      assert.deepStrictEqual((yield* registry.snapshot).map((view) => view.lastTick), [0, 9, 5])
    }).pipe(Effect.provide(foundation)))

  it.effect("shows how an active domain answers its ticks, asked for anew, and nothing once that is over", () =>
    Effect.gen(function*() {
      const { health, registry } = yield* enrolled
      const shown = Effect.map(registry.snapshot, (views) => views.map((view) => view.health))
      health.set("a", "healthy")
      assert.deepStrictEqual(yield* shown, [null, "healthy", null])
      health.set("a", "suspect")
      assert.deepStrictEqual(yield* shown, [null, "suspect", null])
      health.delete("a")
      assert.deepStrictEqual(yield* shown, [null, null, null])
    }).pipe(Effect.provide(foundation)))

  it.effect("says what blocks a waiting domain: what is crashed, inactive or blocked itself", () =>
    Effect.gen(function*() {
      const { a, b, registry, transitions } = yield* enrolled
      const blockedBy = Effect.map(registry.snapshot, (views) => views.map((view) => view.blockedBy))
      assert.deepStrictEqual(yield* blockedBy, [[], [], []])
      yield* transitions.commit([open(a), failed(a)])
      assert.deepStrictEqual(yield* blockedBy, [["b", "a"], [], ["a"]])
      yield* transitions.commit([
        { node: a, trigger: Trigger.Restart({ gate: opening(1) }), reason: "operator" },
        activated(a),
        { node: b, trigger: Trigger.Deactivate(), reason: "operator" }
      ])
      assert.deepStrictEqual(yield* blockedBy, [["b"], [], []])
      yield* transitions.commit([{ node: b, trigger: Trigger.Activate(), reason: "operator" }])
      assert.deepStrictEqual(yield* blockedBy, [[], [], []])
    }).pipe(Effect.provide(foundation)))

  it.effect("keeps the last hundred activations, oldest first", () =>
    Effect.gen(function*() {
      const { a, registry, transitions } = yield* enrolled
      for (let n = 1; n <= 130; n++) {
        transitions.ticked(tick(n))
        yield* transitions.commit([
          n === 1 ? open(a, 1) : {
            node: a,
            trigger: Trigger.Restart({ gate: opening(n) }),
            reason: "operator"
          },
          activated(a)
        ])
        yield* transitions.commit([failed(a)])
      }
      const history = yield* registry.activationHistory
      assert.deepStrictEqual(history.map((event) => event.tick), Array.from({ length: 100 }, (_, i) => i + 31))
      assert.isTrue(history.every((event) => event.to === "active" && event.domain === "a"))
      yield* transitions.commit([
        { node: a, trigger: Trigger.Restart({ gate: opening(131) }), reason: "operator" },
        activated(a)
      ])
      assert.lengthOf(history, 100, "what was read does not change later")
      assert.strictEqual(history[0]!.tick, 31)
    }).pipe(Effect.provide(foundation)))

  it.effect("makes the event of a transition with all that is known of it", () =>
    Effect.gen(function*() {
      const { a, registry, transitions } = yield* enrolled
      const run = yield* CurrentRun.CurrentRun
      const bus = yield* SystemPubSub.SystemPubSub
      const events = yield* bus.subscribe("system:domain_event")
      yield* TestClock.setTime(12_345)
      transitions.ticked(tick(7, { epoch: 3 }))
      yield* transitions.commit([
        { ...open(a, 6, 2), traceId: "t".repeat(32), spanId: "s".repeat(16) },
        { ...activated(a), metadata: { note: 1 } },
        failed(a, "boom".repeat(maxCauseLength))
      ])
      const [first, second, third] = (yield* PubSub.takeUpTo(events, 10)).map((envelope) => envelope.payload)
      const common = {
        runId: run.runId,
        node: run.node,
        domain: "a",
        generation: 1,
        epoch: 3,
        tick: 7,
        cause: null,
        durationMs: null,
        metadata: {},
        traceId: null,
        spanId: null,
        occurredAt: DateTime.makeUnsafe(12_345)
      } as const
      assert.deepStrictEqual({ ...first! }, {
        ...common,
        id: first!.id,
        from: "waiting",
        to: "activating",
        reason: "tick",
        wave: 2,
        traceId: "t".repeat(32),
        spanId: "s".repeat(16)
      })
      assert.deepStrictEqual({ ...second! }, {
        ...common,
        id: second!.id,
        from: "activating",
        to: "active",
        reason: "activated",
        wave: 2,
        durationMs: 5,
        metadata: { note: 1 }
      })
      assert.deepStrictEqual({ ...third! }, {
        ...common,
        id: third!.id,
        from: "active",
        to: "crashed",
        reason: "failure",
        wave: null,
        cause: "boom".repeat(maxCauseLength / 4)
      })
      assert.isTrue(first!.id < second!.id && second!.id < third!.id, "later transitions sort behind earlier ones")
      assert.deepStrictEqual(yield* registry.activationHistory, [second!])
    }).pipe(Effect.provide(foundation)))

  it.effect("commits all transitions or none: one that the table does not have leaves no trace of the others", () =>
    Effect.gen(function*() {
      const { a, b, c, registry, transitions } = yield* enrolled
      const bus = yield* SystemPubSub.SystemPubSub
      const outbox = yield* Outbox.Outbox
      yield* transitions.commit([open(a)])
      yield* outbox.flush
      const events = yield* bus.subscribe("system:domain_event")
      const before = yield* registry.snapshot
      const changed = yield* Effect.forkChild(transitions.changed(transitions.commits()), { startImmediately: true })
      const error = yield* Effect.flip(transitions.commit([activated(a), open(b), activated(c)]))
      assert.strictEqual(error._tag, "IllegalTransition")
      assert.strictEqual(error.message, "A domain that is waiting does not take Activated")
      yield* settle
      assert.deepStrictEqual(yield* registry.snapshot, before)
      assert.strictEqual(yield* registry.activeCount, 0)
      assert.deepStrictEqual(yield* registry.activationHistory, [])
      assert.deepStrictEqual(yield* PubSub.takeUpTo(events, 10), [])
      assert.deepInclude(yield* outbox.stats, { written: 1, backlog: 0 })
      assert.isUndefined(changed.pollUnsafe())
      assert.strictEqual(transitions.recordOf(b).generation, 0)
    }).pipe(Effect.provide(foundation)))

  it.effect("checks each transition of a commit against what the transitions before it made", () =>
    Effect.gen(function*() {
      const { a, registry, transitions } = yield* enrolled
      const delay = Duration.millis(200)
      yield* transitions.commit([
        open(a),
        activated(a),
        failed(a),
        { node: a, trigger: Trigger.RestartScheduled({ attempt: 1, delay, at: 200 }), reason: "backoff" }
      ])
      assert.deepStrictEqual(
        yield* registry.domainStatus("a"),
        DomainStatus.restarting({ attempt: 1, delay, at: 200, cause: "boom" })
      )
      assert.strictEqual((yield* Effect.flip(transitions.commit([open(a), open(a)])))._tag, "IllegalTransition")
    }).pipe(Effect.provide(foundation)))

  it.effect("shows a commit in the registry and in the outbox before anything of it is on the bus", () => {
    const seen: Array<unknown> = []
    let look: Effect.Effect<unknown> = Effect.void
    const bus = Layer.effect(
      SystemPubSub.SystemPublisher,
      Effect.map(SystemPubSub.SystemPublisher, (real) => ({
        publish: (topic, payload) =>
          Effect.tap(look, (state) => Effect.sync(() => seen.push([topic, state]))).pipe(
            Effect.andThen(real.publish(topic, payload))
          )
      }))
    ).pipe(Layer.provideMerge(SystemPubSub.layer))
    return Effect.gen(function*() {
      const { a, b, registry, transitions } = yield* enrolled
      const outbox = yield* Outbox.Outbox
      look = Effect.all({
        active: registry.activeDomains,
        offered: Effect.map(outbox.stats, ({ backlog, written }) => backlog + written)
      })
      yield* transitions.commit([open(a), activated(a), open(b)])
      const state = { active: ["a"], offered: 3 }
      assert.deepStrictEqual(seen, [
        ["system:domain_event", state],
        ["system:domain_event", state],
        ["system:domain_activated", state],
        ["system:domain_event", state]
      ])
    }).pipe(
      Effect.provide(layer.pipe(
        Layer.provideMerge(Outbox.layer()),
        Layer.provideMerge(bus),
        Layer.provideMerge(Layer.mergeAll(MemoryRepo.layer, TrailStatus.layer, CurrentRun.layer()))
      ))
    )
  })

  it.effect("puts every transition on one topic, and those into and out of active on their own", () =>
    Effect.gen(function*() {
      const { a, b, transitions } = yield* enrolled
      const bus = yield* SystemPubSub.SystemPubSub
      const topics = yield* Effect.all([
        bus.subscribe("system:domain_event"),
        bus.subscribe("system:domain_activated"),
        bus.subscribe("system:domain_deactivated")
      ])
      for (
        const batch of [
          [open(a), open(b)],
          [activated(a), activated(b)],
          [lost(b), failed(a)],
          [closed(b)],
          [{ node: a, trigger: Trigger.Restart({ gate: opening(2) }), reason: "operator" }, failed(a)]
        ] satisfies ReadonlyArray<ReadonlyArray<Transition>>
      ) yield* transitions.commit(batch)
      const [events, activations, deactivations] = yield* Effect.forEach(
        topics,
        (topic) => Effect.map(PubSub.takeUpTo(topic, 100), (all) => all.map(({ payload }) => payload))
      )
      assert.deepStrictEqual(events!.map(({ domain, from, to }) => `${domain} ${from} ${to}`), [
        "a waiting activating",
        "b waiting activating",
        "a activating active",
        "b activating active",
        "b active deactivating",
        "a active crashed",
        "b deactivating waiting",
        "a crashed activating",
        "a activating crashed"
      ])
      assert.deepStrictEqual(activations, events!.filter(({ to }) => to === "active"))
      assert.deepStrictEqual(deactivations, events!.filter(({ from }) => from === "active"))
      yield* Outbox.Outbox.use((outbox) => outbox.flush)
      const { events: kept } = yield* Repo.use((repo) => repo.events({ order: "oldest" }))
      assert.deepStrictEqual(kept, events)
    }).pipe(Effect.provide(foundation)))

  it.effect("streams every change from the moment it is listened to", () =>
    Effect.gen(function*() {
      const { a, registry, transitions } = yield* enrolled
      yield* transitions.commit([open(a)])
      const listener = yield* Effect.forkChild(registry.changes.pipe(Stream.take(2), Stream.runCollect))
      yield* settle
      yield* transitions.commit([activated(a), failed(a)])
      assert.deepStrictEqual((yield* Fiber.join(listener)).map(({ to }) => to), ["active", "crashed"])
    }).pipe(Effect.provide(foundation)))

  it.effect("wakes all who wait for a change with the next commit, and nobody who gave up", () =>
    Effect.gen(function*() {
      const { a, registry, transitions } = yield* enrolled
      const seen: Array<string> = []
      const wait = (name: string) =>
        Effect.andThen(transitions.changed(transitions.commits()), registry.activeCount).pipe(
          Effect.tap((count) => Effect.sync(() => seen.push(`${name} ${count}`))),
          Effect.forkChild({ startImmediately: true })
        )
      const gaveUp = yield* wait("gave up")
      const fibers = [yield* wait("one"), yield* wait("other")]
      yield* Fiber.interrupt(gaveUp)
      yield* transitions.commit([open(a), activated(a)])
      const exits = yield* Effect.forEach(fibers, Fiber.await)
      assert.isTrue(exits.every(Exit.isSuccess))
      assert.deepStrictEqual(seen, ["one 1", "other 1"])
    }).pipe(Effect.provide(foundation)))

  it.effect("lets nobody sleep through a commit that comes between his look and his wait", () =>
    Effect.gen(function*() {
      const { a, transitions } = yield* enrolled
      const since = transitions.commits()
      yield* transitions.commit([open(a)])
      assert.strictEqual(transitions.commits(), since + 1)
      yield* transitions.changed(since)
    }).pipe(Effect.provide(foundation)))
})
