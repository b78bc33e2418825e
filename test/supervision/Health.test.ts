import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import { TickGenerator } from "../../src/heartbeat/TickGenerator.ts"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import { Health, layer, type Report } from "../../src/supervision/Health.ts"
import * as ShutdownNotice from "../../src/supervision/ShutdownNotice.ts"
import { Exporter } from "../../src/telemetry/Exporter.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import { awaitStates, tick } from "../support/app.ts"
import { settle } from "../support/awaitState.ts"
import { publisher } from "../support/bus.ts"
import * as FaultyRepo from "../support/FaultyRepo.ts"

const empty = Layer.empty
const failing = Layer.effectDiscard(Effect.fail("no luck"))

const live = Health.use((health) => health.live)
const ready = Health.use((health) => health.ready)
const startup = Health.use((health) => health.startup)

const beat = (duration: "1 second" | "3 seconds" | "1 millis") => Effect.andThen(TestClock.adjust(duration), settle)

describe("live", () => {
  it.effect("passes while ticks come, whatever becomes of the domains", () =>
    Effect.gen(function*() {
      assert.containsSubset(yield* live, { status: "pass", reason: "The first tick is due within 1.0 s." })
      yield* beat("1 second")
      yield* awaitStates({ doomed: "crashed" })
      assert.containsSubset(yield* live, { status: "pass", tick: 1, reason: "Tick 1 was sent 0.0 s ago." })
      assert.containsSubset(yield* ready, { status: "fail" })
    }).pipe(
      Effect.provide(Thunderline.layer({ domains: [Domain.make("doomed", { layer: failing, restart: "never" })] }))
    ))

  it.effect("fails when no tick has come for more than three intervals", () =>
    Effect.gen(function*() {
      const silent = Layer.mock(TickGenerator, {
        currentTick: () => 0,
        stats: Effect.succeed({
          tickCount: 0,
          slot: 0,
          epoch: 1,
          interval: 1_000,
          uptime: 0,
          startedAt: null,
          lastTickAt: null,
          lateness: { p50: 0, p99: 0, max: 0 },
          skipped: 0
        })
      })
      const health = yield* Layer.build(layer().pipe(Layer.provide([silent, ShutdownNotice.layer])))
      yield* Effect.gen(function*() {
        yield* beat("3 seconds")
        assert.strictEqual((yield* live).status, "pass")
        yield* beat("1 millis")
        assert.containsSubset(yield* live, {
          status: "fail",
          reason: "No tick was sent for 3.0 s since the start; one is due every 1.0 s."
        })
      }).pipe(Effect.provideContext(health))
    }).pipe(Effect.scoped, Effect.provide(Thunderline.layerTest({ domains: [] }))))
})

describe("ready", () => {
  const store = Domain.make("store", { layer: empty })
  const extra = Domain.make("extra", { layer: failing, restart: "never", criticality: "optional" })
  const late = Domain.make("late", { layer: empty, activationTick: 3 })

  it.effect("passes when every required domain is active, and names the optional ones that are not", () =>
    Effect.gen(function*() {
      assert.containsSubset(yield* ready, {
        status: "fail",
        reason: "Not every required domain is active: store waits for tick 1; late waits for tick 3.",
        degraded: ["extra waits for tick 1"]
      })
      yield* tick
      yield* tick
      assert.strictEqual((yield* ready).status, "fail")
      yield* tick
      yield* awaitStates({ store: "active", late: "active", extra: "crashed" })
      assert.containsSubset(yield* ready, {
        status: "pass",
        tick: 3,
        reason: "All required domains (2) are active.",
        degraded: ["extra is crashed"]
      })
      yield* DomainControl.use((control) => control.deactivate("store"))
      yield* settle
      assert.containsSubset(yield* ready, {
        status: "fail",
        reason: "Not every required domain is active: store is inactive."
      })
    }).pipe(Effect.provide(Thunderline.layerTest({ domains: [store, extra, late] }))))

  it.effect("says which domain is behind, and that the last tick was late, and passes", () =>
    Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ busy: "active" })
      yield* tick
      yield* tick
      assert.containsSubset(yield* ready, { status: "pass", degraded: ["busy has not answered its last tick"] })
      const { publish } = yield* publisher
      const { lastTick } = yield* DomainRegistry
      const newest = Option.getOrThrow(yield* lastTick)
      yield* publish("system:domain_tick", { ...newest, lateness: Duration.millis(900) })
      yield* settle
      assert.containsSubset(yield* ready, {
        status: "pass",
        degraded: ["busy has not answered its last tick", "event loop: the last tick was 0.9 s late"]
      })
    }).pipe(Effect.provide(Thunderline.layerTest({
      domains: [Domain.make("busy", { layer: empty, maxMissedTicks: 5, onTick: () => Effect.never })]
    }))))

  it.effect("says what is not as it should be around the application, and passes", () =>
    Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ store: "active" })
      assert.containsSubset(yield* ready, {
        status: "pass",
        degraded: ["telemetry: traces do not reach the collector"]
      })
    }).pipe(
      Effect.provide(
        Thunderline.layerTest({ domains: [store] }).pipe(
          Layer.provide(Layer.succeed(Exporter, {
            collector: "http://localhost:4318",
            instanceId: undefined,
            degradations: () => ["telemetry: traces do not reach the collector"]
          }))
        )
      )
    ))

  it.effect("is degraded, and passes, while the trail cannot be written", () =>
    Effect.gen(function*() {
      const faults = yield* FaultyRepo.Faults
      faults.down = true
      yield* tick
      yield* awaitStates({ store: "active" })
      yield* settle
      assert.containsSubset(yield* ready, { status: "pass", degraded: ["trail: degraded, 2 transitions wait"] })
      faults.down = false
      yield* TestClock.adjust("5 seconds")
      yield* settle
      assert.containsSubset(yield* ready, { status: "pass", degraded: [] })
    }).pipe(Effect.provide(
      Thunderline.layer({ domains: [store], heartbeat: "manual", repo: FaultyRepo.layer }).pipe(
        Layer.provideMerge(FaultyRepo.layer)
      )
    )))

  it.effect("fails before the first domain is deactivated, for domains and for everybody else", () =>
    Effect.gen(function*() {
      const seen: Array<Report> = []
      const watching = Domain.make("watching", {
        layer: empty,
        onDeactivate: () => Effect.map(ready, (report) => seen.push(report))
      })
      const scope = yield* Scope.make()
      const app = yield* Layer.buildWithScope(Thunderline.layerTest({ domains: [watching] }), scope)
      yield* Effect.andThen(tick, awaitStates({ watching: "active" })).pipe(Effect.provideContext(app))
      assert.containsSubset(yield* Effect.provideContext(ready, app), { status: "pass" })
      yield* Scope.close(scope, Exit.void)
      assert.containsSubset([...seen, yield* Effect.provideContext(ready, app)], [
        { status: "fail", reason: "The program is shutting down." },
        { status: "fail", reason: "The program is shutting down." }
      ])
    }))
})

describe("startup", () => {
  const base = Domain.make("base", { layer: failing, restart: "never" })
  const upper = Domain.make("upper", { dependsOn: [base], layer: empty })
  const slow = Domain.make("slow", { layer: Layer.effectDiscard(Effect.sleep("10 seconds")) })
  const later = Domain.make("later", { layer: empty, activationTick: 100 })

  it.effect("passes when those whose tick has come were active, are crashed or blocked, and stays so", () =>
    Effect.gen(function*() {
      assert.containsSubset(yield* startup, { status: "fail" })
      yield* tick
      yield* awaitStates({ base: "crashed", upper: "waiting", slow: "activating" })
      assert.containsSubset(yield* startup, { status: "fail", reason: "The start goes on: slow is activating." })
      yield* TestClock.adjust("10 seconds")
      yield* awaitStates({ slow: "active", later: "waiting" })
      assert.containsSubset(yield* startup, { status: "pass" })
      yield* DomainControl.use((control) => control.restart("slow"))
      yield* settle
      assert.containsSubset(yield* startup, { status: "pass" })
    }).pipe(Effect.provide(Thunderline.layerTest({ domains: [base, upper, slow, later] }))))

  it.effect("fails while a domain that was never active restarts", () =>
    Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ away: "restarting" })
      yield* TestClock.adjust("10 minutes")
      assert.containsSubset(yield* startup, { status: "fail", reason: "The start goes on: away is restarting." })
    }).pipe(Effect.provide(Thunderline.layerTest({ domains: [Domain.make("away", { layer: failing })] }))))
})
