import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl, type DomainControlError } from "../../src/model/DomainControl.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import * as Repo from "../../src/trail/Repo.ts"
import { app, awaitStates, brief, tick, trail } from "../support/app.ts"
import * as FaultyRepo from "../support/FaultyRepo.ts"
import { chain } from "./chain.ts"

describe("Operations", () => {
  describe("an operation where the trail is required", () => {
    const required = (domains: ReadonlyArray<Domain.Any>) =>
      Thunderline.layer({ domains, heartbeat: "manual", trail: "required", repo: FaultyRepo.layer }).pipe(
        Layer.provideMerge(FaultyRepo.layer)
      ) as Layer.Layer<Thunderline.Infrastructure | FaultyRepo.Faults, Thunderline.StartError>

    it.effect("returns when it is in the trail", () =>
      Effect.gen(function*() {
        const control = yield* DomainControl
        const repo = yield* Repo.Repo
        yield* tick
        yield* awaitStates({ c: "active" })
        yield* control.restart("b")
        const { events } = yield* repo.events({ domain: "b", status: "deactivating" })
        assert.deepStrictEqual(events.map((event) => event.reason), ["operator"])
      }).pipe(Effect.provide(required(chain().domains))))

    it.effect("is made all the same when the trail is away, and says so after its time", () =>
      Effect.gen(function*() {
        const control = yield* DomainControl
        const faults = yield* FaultyRepo.Faults
        yield* tick
        yield* awaitStates({ x: "active" })
        faults.down = true
        const operation = yield* Effect.forkChild(Effect.flip(control.deactivate("x")))
        yield* awaitStates({ x: "inactive" })
        yield* TestClock.adjust("4999 millis")
        assert.isUndefined(operation.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(
          (yield* Fiber.join(operation)).message,
          "deactivate x could not be written to the trail: no commit within 5s"
        )
        faults.down = false
        yield* TestClock.adjust("3 seconds")
      }).pipe(Effect.provide(required(chain().domains))))

    it.effect("is refused at once for what the state does not allow", () =>
      Effect.gen(function*() {
        const control = yield* DomainControl
        assert.strictEqual((yield* Effect.flip(control.restart("x")))._tag, "OperationRefused")
      }).pipe(Effect.provide(required(chain().domains))))
  })

  describe("operations", () => {
    it.effect("restart ends the generation, takes dependants along and builds anew", () =>
      Effect.gen(function*() {
        const control = yield* DomainControl
        yield* tick
        yield* awaitStates({ c: "active" })
        yield* control.restart("b")
        yield* awaitStates({ a: "active", b: "active", c: "active" })
        const registry = yield* DomainRegistry
        assert.deepStrictEqual((yield* registry.snapshot).map((view) => view.generation), [1, 2, 2, 1])
        assert.deepStrictEqual((yield* trail).map(brief).filter((line) => line.startsWith("b")), [
          "b: waiting -> activating",
          "b: activating -> active",
          "b: active -> deactivating",
          "b: deactivating -> activating",
          "b: activating -> active"
        ])
      }).pipe(Effect.provide(app(chain().domains))))

    it.effect("restart of a domain that is crashed for good gives it a new budget", () =>
      Effect.gen(function*() {
        const control = yield* DomainControl
        yield* tick
        yield* TestClock.adjust("10 seconds")
        yield* awaitStates({ a: "crashed" })
        yield* control.restart("a")
        yield* awaitStates({ a: "active", c: "active" })
      }).pipe(Effect.provide(app(
        chain().domains,
        [1, 2, 3, 4, 5, 6].map((generation) => ({ _tag: "FailActivation", domain: "a", generation } as const))
      ))))

    it.effect("deactivate takes a domain out for good, activate lets it back in at once", () =>
      Effect.gen(function*() {
        const control = yield* DomainControl
        yield* tick
        yield* awaitStates({ c: "active" })
        yield* control.deactivate("a")
        yield* awaitStates({ a: "inactive", b: "waiting", c: "waiting", x: "active" })
        yield* tick
        yield* awaitStates({ a: "inactive" })
        const registry = yield* DomainRegistry
        assert.deepStrictEqual((yield* registry.snapshot).map((view) => view.blockedBy), [[], ["a"], ["b"], []])
        yield* control.activate("a")
        yield* awaitStates({ a: "active", b: "active", c: "active" })
      }).pipe(Effect.provide(app(chain().domains))))

    it.effect("deactivate gives up a build and cancels a back-off", () =>
      Effect.gen(function*() {
        const control = yield* DomainControl
        yield* tick
        yield* awaitStates({ a: "activating", x: "restarting" })
        yield* control.deactivate("a")
        yield* control.deactivate("x")
        yield* awaitStates({ a: "inactive", x: "inactive" })
        yield* TestClock.adjust("1 minute")
        yield* awaitStates({ a: "inactive", x: "inactive" })
      }).pipe(Effect.provide(app(chain().domains, [
        { _tag: "HangActivation", domain: "a" },
        { _tag: "FailActivation", domain: "x" }
      ]))))

    it.effect("refuses what the state does not allow, and unknown names, each with its reason", () =>
      Effect.gen(function*() {
        const control = yield* DomainControl
        const message = (operation: Effect.Effect<void, DomainControlError>) =>
          Effect.map(Effect.flip(operation), (error) => error.message)
        assert.strictEqual(yield* message(control.restart("a")), "Domain a is waiting: it cannot restart")
        assert.strictEqual(yield* message(control.activate("a")), "Domain a is waiting: it cannot activate")
        assert.strictEqual(
          yield* message(control.restart("nope")),
          "There is no domain \"nope\"; there are: a, b, c, x"
        )
        yield* control.deactivate("a")
        assert.strictEqual(yield* message(control.deactivate("a")), "Domain a is inactive: it cannot deactivate")
      }).pipe(Effect.provide(app(chain().domains))))

    it.effect("of many concurrent callers one is accepted and the others are refused", () =>
      Effect.gen(function*() {
        const control = yield* DomainControl
        yield* tick
        const exits = yield* Effect.all(
          Array.from({ length: 20 }, () => Effect.exit(control.deactivate("a"))),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(exits.filter(Exit.isSuccess).length, 1)
        yield* awaitStates({ a: "inactive" })
      }).pipe(Effect.provide(app(chain().domains))))

    it.effect("a domain may ask for operations on others, what it depends on, and itself", () => {
      const base = Domain.make("base", { layer: Layer.empty })
      const restless = Domain.make("restless", {
        dependsOn: [base],
        layer: Layer.empty,
        onTick: (now) =>
          DomainControl.use((control) =>
            now.count === 2 ? control.restart("base") : now.count === 3 ? control.deactivate("restless") : Effect.void
          )
      })
      return Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ restless: "active" })
        yield* tick
        const registry = yield* DomainRegistry
        yield* awaitStates({ base: "active", restless: "active" })
        assert.deepStrictEqual((yield* registry.snapshot).map((view) => view.generation), [2, 2])
        yield* tick
        yield* awaitStates({ base: "active", restless: "inactive" })
      }).pipe(Effect.provide(app([base, restless])))
    })

    it.effect("an accepted operation is carried out although its caller is interrupted", () =>
      Effect.gen(function*() {
        const control = yield* DomainControl
        yield* tick
        yield* awaitStates({ a: "active" })
        const caller = yield* Effect.forkChild(control.deactivate("a"), { startImmediately: true })
        yield* Fiber.interrupt(caller)
        yield* awaitStates({ a: "inactive" })
      }).pipe(Effect.provide(app(chain().domains))))
  })
})
