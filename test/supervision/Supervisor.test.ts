import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, DateTime, Duration, Effect, Exit, Fiber, Layer, Logger, Scheduler, Scope } from "effect"
import { TestClock } from "effect/testing"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import type * as Fault from "../../src/testing/Fault.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import * as Repo from "../../src/trail/Repo.ts"
import { app, awaitStates, brief, tick, trail } from "../support/app.ts"
import { settle } from "../support/awaitState.ts"
import { accept } from "../support/bus.ts"
import * as LogLines from "../support/LogLines.ts"
import { chain } from "./chain.ts"

describe("Supervisor", () => {
  describe("crash and restart", () => {
    it.effect("a crash takes dependants out first, in reverse order, and brings them back in waves", () =>
      Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ a: "active", b: "active", c: "active", x: "active" })
        const before = (yield* trail).length
        yield* TestClock.adjust("5 seconds")
        yield* awaitStates({ a: "restarting", b: "waiting", c: "waiting", x: "active" })
        yield* TestClock.adjust("1 second")
        yield* awaitStates({ a: "active", b: "active", c: "active", x: "active" })
        assert.deepStrictEqual((yield* trail).slice(before).map(brief), [
          "c: active -> deactivating",
          "b: active -> deactivating",
          "a: active -> crashed",
          "a: crashed -> restarting",
          "c: deactivating -> waiting",
          "b: deactivating -> waiting",
          "a: restarting -> activating",
          "a: activating -> active",
          "b: waiting -> activating",
          "b: activating -> active",
          "c: waiting -> activating",
          "c: activating -> active"
        ])
        assert.isTrue((yield* trail).every((event) => event.tick <= 1))
      }).pipe(Effect.provide(app(chain().domains, [{ _tag: "KillWorker", domain: "a", generation: 1, ms: 5000 }]))))

    it.effect("a failing build is tried again until it succeeds", () =>
      Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ a: "restarting", b: "waiting" })
        yield* TestClock.adjust("1 second")
        yield* awaitStates({ a: "restarting" })
        yield* TestClock.adjust("1 second")
        yield* awaitStates({ a: "active", b: "active", c: "active" })
        const registry = yield* DomainRegistry
        const [a] = yield* registry.snapshot
        assert.strictEqual(a!.generation, 3)
      }).pipe(Effect.provide(app(chain().domains, [
        { _tag: "FailActivation", domain: "a", generation: 1 },
        { _tag: "FailActivation", domain: "a", generation: 2 }
      ]))))

    it.effect("a spent budget leaves the domain crashed, and what waits for it blocked", () =>
      Effect.gen(function*() {
        yield* tick
        yield* TestClock.adjust("10 seconds")
        yield* awaitStates({ a: "crashed", b: "waiting", c: "waiting", x: "active" })
        const registry = yield* DomainRegistry
        const views = yield* registry.snapshot
        assert.deepStrictEqual(views.map((view) => view.blockedBy), [[], ["a"], ["b"], []])
        assert.strictEqual(views[0]!.generation, 6)
      }).pipe(Effect.provide(app(chain().domains, [{ _tag: "FailActivation", domain: "a" }]))))

    it.effect("the budget and the delays start over after the domain has been stable", () =>
      Effect.gen(function*() {
        yield* tick
        for (let round = 0; round < 12; round++) {
          yield* awaitStates({ a: "active" })
          yield* TestClock.adjust("61 seconds")
          yield* awaitStates({ a: "restarting" })
          yield* TestClock.adjust("1 second")
        }
        yield* awaitStates({ a: "active" })
        const attempts = (yield* trail).filter((event) => event.to === "restarting").map((event) =>
          event.metadata["attempt"]
        )
        assert.deepStrictEqual(new Set(attempts), new Set([1]))
      }).pipe(Effect.provide(app(chain().domains, [{ _tag: "KillWorker", domain: "a", ms: 61_000 }]))))

    it.effect("an activation that hangs is cut at its time-out, named, and restarted", () =>
      Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ a: "activating" })
        yield* TestClock.adjust("30 seconds")
        yield* awaitStates({ a: "restarting" })
        const crashed = (yield* trail).find((event) => event.to === "crashed")!
        assert.strictEqual(crashed.reason, "timeout")
        assert.include(crashed.cause!, "Domain a was not active within its activationTimeout of 30000ms")
        yield* TestClock.adjust("1 second")
        yield* awaitStates({ a: "active", c: "active" })
      }).pipe(Effect.provide(app(chain().domains, [{ _tag: "HangActivation", domain: "a", generation: 1 }]))))

    it.effect("a fiber that the layer forked in its scope crashes its domain, a detached one does not", () =>
      Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ a: "active", x: "active" })
        yield* TestClock.adjust("2 seconds")
        yield* awaitStates({ a: "restarting", x: "active" })
        const crashed = (yield* trail).find((event) => event.to === "crashed")!
        assert.include(crashed.cause!, "KillScoped was injected into generation 1 of a")
        assert.deepStrictEqual(crashed.metadata, { fiber: "scoped", place: "Domain.activate" })
      }).pipe(Effect.provide(app(chain().domains, [
        { _tag: "KillScoped", domain: "a", generation: 1, ms: 2000 },
        { _tag: "Leak", domain: "x", ms: 1000 }
      ]))))

    it.effect("what fails while its generation shuts down is logged, and crashes nothing", () => {
      const clumsy = Effect.onInterrupt(
        Effect.never,
        () => Effect.andThen(Effect.sleep("1 second"), Effect.die("clumsy"))
      )
      const domain = Domain.make("clumsy", { layer: Layer.empty, workers: { clumsy } })
      return Effect.gen(function*() {
        const { lines } = yield* LogLines.LogLines
        yield* tick
        yield* awaitStates({ clumsy: "active" })
        yield* DomainControl.use((control) => control.deactivate("clumsy"))
        yield* TestClock.adjust("1 second")
        yield* awaitStates({ clumsy: "inactive" })
        const failed = lines.filter(({ text }) => text === "[Clumsy] Failed while it was shutting down")
        assert.deepStrictEqual(failed.map(({ cause, level }) => [level, String(Cause.squash(cause))]), [[
          "Error",
          "Error: clumsy"
        ]])
      }).pipe(Effect.provide(app([domain])), Effect.provide(LogLines.layer))
    })

    it.effect("a child fiber that is joined is the joiner's business", () => {
      const domain = Domain.make("joiner", {
        layer: Layer.effectDiscard(Effect.gen(function*() {
          const child = yield* Effect.forkChild(Effect.fail("no"))
          yield* Effect.exit(Fiber.join(child))
          yield* Effect.exit(Effect.all([Effect.fail("no"), Effect.never], { concurrency: 2 }))
          yield* Effect.race(Effect.delay(Effect.fail("no"), "1 second"), Effect.sleep("2 seconds"))
        }))
      })
      return Effect.gen(function*() {
        yield* tick
        yield* TestClock.adjust("2 seconds")
        yield* awaitStates({ joiner: "active" })
        assert.deepStrictEqual((yield* trail).map(brief), [
          "joiner: waiting -> activating",
          "joiner: activating -> active"
        ])
      }).pipe(Effect.provide(app([domain])))
    })

    it.effect("a worker may end, unless it is permanent", () => {
      const done = Domain.make("done", { layer: Layer.empty, workers: { once: Effect.void } })
      const broken = Domain.make("broken", {
        layer: Layer.empty,
        workers: { loop: { effect: Effect.void, permanent: true } },
        restart: "never"
      })
      return Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ done: "active", broken: "crashed" })
        const crashed = (yield* trail).find((event) => event.to === "crashed")!
        assert.include(crashed.cause!, "The permanent worker loop of domain broken has ended")
        assert.deepStrictEqual(crashed.metadata, { worker: "loop" })
      }).pipe(Effect.provide(app([done, broken])))
    })

    it.effect("a failing onTick crashes the domain and nobody else", () =>
      Effect.gen(function*() {
        yield* tick
        yield* tick
        yield* awaitStates({ a: "active", x: "active" })
        yield* tick
        yield* awaitStates({ a: "active", x: "restarting" })
      }).pipe(Effect.provide(app(chain().domains, [{ _tag: "FailTick", domain: "x", tick: 2 }]))))

    it.effect("a spent budget of a domain that escalates ends the program with the reason", () => {
      const vital = Domain.make("vital", { layer: Layer.empty, escalate: true, restart: "never" })
      return Effect.gen(function*() {
        yield* tick
        const escalated = yield* Thunderline.awaitEscalation
        assert.strictEqual(escalated.domain, "vital")
        assert.include(escalated.cause, "FailActivation")
      }).pipe(Effect.provide(app([vital], [{ _tag: "FailActivation", domain: "vital" }])))
    })
  })

  it.effect("executes all commands one after the other, in the order in which they were given", () => {
    const going: Array<string> = []
    const logger = Logger.make(({ message }) => {
      const [, name] = /Deactivating, (\w+) is going down/.exec(String(message)) ?? []
      if (name !== undefined && going.at(-1) !== name) going.push(name)
    })
    const bases = Array.from({ length: 5 }, (_, i) => Domain.make(`b${i}`, { layer: Layer.empty }))
    const users = bases.flatMap((base) =>
      Array.from({ length: 4 }, (_, i) => Domain.make(`${base.name}-${i}`, { dependsOn: [base], layer: Layer.empty }))
    )
    return Effect.gen(function*() {
      const control = yield* DomainControl
      yield* tick
      yield* awaitStates(Object.fromEntries(users.map(({ name }) => [name, "active"])))
      const given = bases.map(({ name }) => name).toReversed()
      yield* Effect.forEach(given, control.deactivate, { concurrency: "unbounded" })
      yield* settle
      assert.deepStrictEqual(going, given)
    }).pipe(
      Effect.provide(app([...bases, ...users])),
      Effect.provide(Logger.layer([logger])),
      // No command ends in one step.
      Effect.provideService(Scheduler.MaxOpsBeforeYield, 4)
    )
  })

  describe("the watchdog", () => {
    it.effect("takes no domain for silent to which no tick comes, however long its call takes", () =>
      Effect.gen(function*() {
        yield* tick
        yield* tick
        yield* tick
        yield* TestClock.adjust("1 hour")
        yield* settle
        yield* awaitStates({ x: "active" })
      }).pipe(Effect.provide(app(chain().domains, [{ _tag: "HangTick", domain: "x", generation: 1 }]))))

    it.effect("takes a domain for dead after maxMissedTicks unanswered ticks and restarts it", () =>
      Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ x: "active" })
        yield* tick
        yield* tick
        yield* tick
        yield* awaitStates({ x: "active" })
        yield* tick
        yield* awaitStates({ x: "restarting", a: "active" })
        const crashed = (yield* trail).find((event) => event.to === "crashed")!
        assert.strictEqual(crashed.reason, "silent")
        assert.include(crashed.cause!, "Domain x has not answered tick 2, nor the 2 after it")
        yield* TestClock.adjust("1 second")
        yield* awaitStates({ x: "active" })
      }).pipe(Effect.provide(app(chain().domains, [{ _tag: "HangTick", domain: "x", generation: 1 }]))))

    it.effect("passes no verdict while the heartbeat itself is late", () =>
      Effect.gen(function*() {
        const send = (count: number, lateness: Duration.Input) =>
          Effect.andThen(
            accept({
              count,
              slot: count,
              epoch: 1,
              timestamp: DateTime.makeUnsafe(0),
              lateness: Duration.fromInputUnsafe(lateness),
              interval: Duration.seconds(1),
              metadata: { activeDomains: 0 }
            }),
            settle
          )
        yield* send(1, 0)
        for (let count = 2; count < 20; count++) yield* send(count, "600 millis")
        yield* awaitStates({ x: "active" })
        yield* send(20, 0)
        yield* send(21, 0)
        yield* awaitStates({ x: "active" })
        yield* send(22, 0)
        yield* awaitStates({ x: "restarting" })
      }).pipe(Effect.provide(app(chain().domains, [{ _tag: "HangTick", domain: "x", generation: 1 }]))))

    it.effect("a slow domain that answers now and then is not silent", () =>
      Effect.gen(function*() {
        yield* tick
        for (let i = 0; i < 20; i++) {
          yield* tick
          yield* TestClock.adjust("1 second")
        }
        yield* awaitStates({ x: "active" })
      }).pipe(Effect.provide(app(chain().domains, [{ _tag: "SlowTick", domain: "x", ms: 1500 }]))))
  })

  describe("shutdown", () => {
    const shutdown = (faults: ReadonlyArray<Fault.Fault>, ms: number) =>
      Effect.gen(function*() {
        const log: Array<string> = []
        const domain = (name: string, dependsOn: ReadonlyArray<Domain.Any>) =>
          Domain.make(name, {
            dependsOn,
            layer: Layer.effectDiscard(Effect.acquireRelease(
              Effect.sync(() => log.push(`+${name}`)),
              () => Effect.sync(() => log.push(`-${name}`))
            )),
            shutdownTimeout: "2 seconds"
          })
        const a = domain("a", [])
        const b = domain("b", [a])
        const x = domain("x", [])
        const scope = yield* Scope.make()
        const context = yield* Layer.buildWithScope(app([a, b, x], faults), scope)
        const repo = Context.get(context, Repo.Repo)
        yield* Effect.provideContext(
          Effect.andThen(tick, awaitStates({ a: "active", b: "active", x: "active" })),
          context
        )
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
        yield* TestClock.adjust(ms)
        yield* settle
        assert.isDefined(closing.pollUnsafe())
        const { events } = yield* repo.events({ order: "oldest" })
        return { log, events }
      })

    it.effect("deactivates in reverse order, and the trail has the last word", () =>
      Effect.gen(function*() {
        const { events, log } = yield* shutdown([], 0)
        assert.deepStrictEqual(log.filter((line) => line !== "-x" && line !== "+x"), ["+a", "+b", "-b", "-a"])
        assert.deepStrictEqual(events.slice(-6).map(brief).filter((line) => !line.startsWith("x")), [
          "b: active -> deactivating",
          "a: active -> deactivating",
          "b: deactivating -> inactive",
          "a: deactivating -> inactive"
        ])
        assert.isTrue(events.slice(-6).every((event) => event.reason === "shutdown"))
      }))

    it.effect("a clean-up that hangs is abandoned after its deadline and holds up no other domain", () =>
      Effect.gen(function*() {
        const { events, log } = yield* shutdown([{ _tag: "HangShutdown", domain: "b" }], 2000)
        assert.deepStrictEqual(log.filter((line) => line.startsWith("-") && line !== "-x"), ["-b", "-a"])
        const left = events.find((event) => event.domain === "b" && event.to === "inactive")!
        assert.deepStrictEqual(left.metadata, { abandoned: true })
      }))

    it.effect("a finalizer that throws is told and stops nobody else's", () =>
      Effect.gen(function*() {
        const { events, log } = yield* shutdown([{ _tag: "FailShutdown", domain: "b" }], 0)
        assert.deepStrictEqual(log.filter((line) => line.startsWith("-") && line !== "-x"), ["-b", "-a"])
        const failed = events.find((event) => event.domain === "b" && event.to === "inactive")!
        assert.include(failed.cause!, "FailShutdown was injected into generation 1 of b")
      }))
  })
})
