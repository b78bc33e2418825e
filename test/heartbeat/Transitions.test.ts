import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { layer } from "../../src/heartbeat/DomainRegistry.ts"
import * as SystemPubSub from "../../src/heartbeat/SystemPubSub.ts"
import { type Transition } from "../../src/heartbeat/Transitions.ts"
import { DomainStatus, Trigger } from "../../src/model/DomainStatus.ts"
import * as CurrentRun from "../../src/trail/CurrentRun.ts"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"
import * as Outbox from "../../src/trail/Outbox.ts"
import { Repo } from "../../src/trail/Repo.ts"
import * as TrailStatus from "../../src/trail/TrailStatus.ts"
import { settle } from "../support/awaitState.ts"
import { foundation } from "../support/foundation.ts"
import { activated, closed, enrolled, failed, lost, open, opening } from "./enrolled.ts"

describe("Transitions", () => {
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
