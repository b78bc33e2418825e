import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as TestClock from "effect/testing/TestClock"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import * as SystemPubSub from "../../src/heartbeat/SystemPubSub.ts"
import { maxCauseLength } from "../../src/model/DomainEvent.ts"
import { DomainStatus, Trigger } from "../../src/model/DomainStatus.ts"
import * as CurrentRun from "../../src/trail/CurrentRun.ts"
import { foundation } from "../support/foundation.ts"
import { tick } from "../support/values.ts"
import { activated, closed, enrolled, failed, lost, open, opening } from "./enrolled.ts"

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
      assert.deepStrictEqual(registry.lookup("a"), yield* registry.domainStatus("a"))
      assert.isUndefined(registry.lookup("d"))
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
})
