import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import * as Registry from "../../src/heartbeat/DomainRegistry.ts"
import { SystemPublisher } from "../../src/heartbeat/SystemPublisher.ts"
import * as SystemPubSub from "../../src/heartbeat/SystemPubSub.ts"
import * as TickGenerator from "../../src/heartbeat/TickGenerator.ts"
import * as TickIngress from "../../src/heartbeat/TickIngress.ts"
import * as TickNumberer from "../../src/heartbeat/TickNumberer.ts"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl, type Operation } from "../../src/model/DomainControl.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import * as DomainGraph from "../../src/model/DomainGraph.ts"
import * as Escalator from "../../src/supervision/Escalator.ts"
import { GateConditions } from "../../src/supervision/GateCondition.ts"
import * as Supervisor from "../../src/supervision/Supervisor.ts"
import * as TickDispatcher from "../../src/supervision/TickDispatcher.ts"
import * as CurrentRun from "../../src/trail/CurrentRun.ts"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"
import * as Outbox from "../../src/trail/Outbox.ts"
import { OutboxIntake } from "../../src/trail/OutboxIntake.ts"
import * as TrailStatus from "../../src/trail/TrailStatus.ts"
import { awaitStates, brief, states, tick, trail } from "../support/app.ts"
import { settle } from "../support/awaitState.ts"
import * as LogLines from "../support/LogLines.ts"

/** Which offers to the outbox throw, and how often. */
interface Fault {
  readonly hits: (event: DomainEvent) => boolean
  left: number
}

const fault = (hits: (event: DomainEvent) => boolean, left = 1): Fault => ({ hits, left })

/** The outbox, whose entrance throws where it is told to: a bug in the middle of a commit. */
const faulty = (fault: Fault) =>
  Layer.effect(
    OutboxIntake,
    Effect.map(OutboxIntake, (intake) => ({
      ...intake,
      offer: (events) => {
        if (fault.left > 0 && events.some(fault.hits)) {
          fault.left--
          throw new Error("a bug")
        }
        intake.offer(events)
      }
    }))
  )

/** The supervisor of these domains over an outbox with a fault, ticks by hand. */
const supervised = (
  domains: ReadonlyArray<Domain.Any>,
  fault: Fault,
  { publisher = Layer.effect(SystemPublisher, SystemPublisher), ...options }: {
    readonly waitForTick?: boolean
    readonly publisher?: Layer.Layer<SystemPublisher, never, SystemPublisher>
  } = {}
) =>
  Layer.unwrap(Effect.map(DomainGraph.make(domains), (nodes) => Supervisor.layer({ nodes, ...options }))).pipe(
    Layer.provideMerge(TickDispatcher.layer),
    Layer.provideMerge(TickGenerator.layerManual()),
    Layer.provideMerge(Layer.merge(TickIngress.layer, TickNumberer.layerLocal)),
    Layer.provideMerge(Registry.layer),
    Layer.provideMerge(Layer.merge(faulty(fault), publisher)),
    Layer.provideMerge(Outbox.layer()),
    Layer.provideMerge(Layer.mergeAll(MemoryRepo.layer, TrailStatus.layer, SystemPubSub.layer, Escalator.layer)),
    Layer.provideMerge(CurrentRun.layer()),
    Layer.provideMerge(LogLines.layer)
  )

const restart = Domain.restartPolicy({ schedule: Schedule.spaced("1 second") })
const store = Domain.make("store", { layer: Layer.empty, restart })
const user = Domain.make("user", { dependsOn: [store], layer: Layer.empty, restart })

/** Runs a test with the fault, closes everything within a second, and checks that the bug was logged. */
const withFault = <A, E>(
  fault: Fault,
  domains: ReadonlyArray<Domain.Any>,
  test: Effect.Effect<A, E, Layer.Success<ReturnType<typeof supervised>>>,
  options?: { readonly waitForTick?: boolean }
) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(supervised(domains, fault, options), scope)
    const planned = fault.left
    yield* Effect.provideContext(test, context)
    const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
    yield* settle
    yield* TestClock.adjust("1 second")
    assert.isDefined(closing.pollUnsafe(), "the shutdown has ended")
    assert.isBelow(fault.left, planned, "the fault was met")
    const fatal = Context.get(context, LogLines.LogLines).lines.filter(({ level }) => level === "Fatal")
    assert.isNotEmpty(fatal)
    for (const { cause, text } of fatal) {
      assert.match(text, /which is a bug$/)
      assert.include(Cause.pretty(cause), "a bug")
    }
  })

const into = (domain: string, to: DomainEvent["to"]) => (event: DomainEvent) =>
  event.domain === domain && event.to === to
const outOf = (domain: string, from: DomainEvent["from"]) => (event: DomainEvent) =>
  event.domain === domain && event.from === from
const any = () => true

const start = Effect.andThen(tick, awaitStates({ store: "active", user: "active" }))

/** An operation on a domain, whose answer is awaited. */
const asked = (operation: Operation, domain: string) =>
  DomainControl.use((control) => Effect.exit(control[operation](domain)))

const assertDefect = (exit: Exit.Exit<unknown, unknown>) => {
  assert.isTrue(Exit.hasDies(exit))
}

describe("a command that fails by a bug", () => {
  it.effect("Ticked: the gates that it should have opened are opened one by one", () =>
    withFault(fault(into("store", "activating")), [store, user], start))

  it.effect("Ticked: a gate that cannot be opened by itself either is opened by the next tick", () =>
    withFault(
      fault(into("store", "activating"), 2),
      [store, Domain.make("other", { layer: Layer.empty })],
      Effect.gen(function*() {
        yield* tick
        assert.deepStrictEqual(yield* states, { store: "waiting", other: "active" })
        yield* tick
        yield* awaitStates({ store: "active" })
      })
    ))

  it.effect("Start: the next tick opens the gate", () =>
    withFault(
      fault(into("store", "activating"), 1),
      [store],
      Effect.gen(function*() {
        yield* settle
        yield* tick
        yield* awaitStates({ store: "active" })
      }),
      { waitForTick: false }
    ))

  it.effect("ConditionChanged: the next tick opens the gate", () => {
    let holds = false
    let changed = (_: string) => {}
    const condition = {
      name: "condition",
      holds: () => holds,
      listen: (listener: typeof changed) =>
        Effect.sync(() => {
          changed = listener
        })
    }
    return withFault(
      fault(into("store", "activating")),
      [store],
      Effect.gen(function*() {
        yield* tick
        holds = true
        changed("store")
        yield* settle
        assert.deepStrictEqual(yield* states, { store: "waiting" })
        yield* tick
        yield* awaitStates({ store: "active" })
      })
    ).pipe(Effect.provideService(GateConditions, [condition]))
  })

  it.effect("Built: the domain crashes with the bug as its cause, and restarts", () =>
    withFault(
      fault(into("store", "active")),
      [store],
      Effect.gen(function*() {
        yield* tick
        const status = yield* DomainRegistry.use((registry) => registry.domainStatus("store"))
        assert.strictEqual(status._tag, "restarting")
        if (status._tag === "restarting") assert.match(status.cause, /^Error: a bug\n/)
        yield* TestClock.adjust("1 second")
        yield* awaitStates({ store: "active" })
        assert.deepStrictEqual((yield* trail).map(brief), [
          "store: waiting -> activating",
          "store: activating -> crashed",
          "store: crashed -> restarting",
          "store: restarting -> activating",
          "store: activating -> active"
        ])
      })
    ))

  it.effect("Built: a build that failed is a crash all the same", () =>
    withFault(
      fault(into("failing", "crashed")),
      [Domain.make("failing", { layer: Layer.effectDiscard(Effect.fail("no")), restart: "never" })],
      Effect.andThen(tick, awaitStates({ failing: "crashed" }))
    ))

  it.effect("Failed: the domain crashes all the same, with those that depend on it", () => {
    const failing = Domain.make("failing", {
      layer: Layer.empty,
      workers: { fails: Effect.delay(Effect.fail("no"), "1 second") },
      restart: "never"
    })
    return withFault(
      fault(into("failing", "crashed")),
      [failing, Domain.make("user", { dependsOn: [failing], layer: Layer.empty })],
      Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ failing: "active", user: "active" })
        yield* TestClock.adjust("1 second")
        yield* awaitStates({ failing: "crashed", user: "waiting" })
      })
    )
  })

  it.effect("Decided: it is tried again after a second", () => {
    const schedule = Schedule.modifyDelay(
      Schedule.forever,
      () => Effect.delay(Effect.succeed(Duration.seconds(1)), "500 millis")
    )
    return withFault(
      fault(into("failing", "restarting")),
      [Domain.make("failing", {
        layer: Layer.effectDiscard(Effect.fail("no")),
        restart: Domain.restartPolicy({ schedule })
      })],
      Effect.gen(function*() {
        yield* tick
        yield* TestClock.adjust("500 millis")
        assert.deepStrictEqual(yield* states, { failing: "crashed" })
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* states, { failing: "restarting" })
      })
    )
  })

  it.effect("BackoffElapsed: it is tried again after a second", () =>
    withFault(
      fault(outOf("failing", "restarting")),
      [Domain.make("failing", { layer: Layer.effectDiscard(Effect.fail("no")), restart })],
      Effect.gen(function*() {
        yield* tick
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* states, { failing: "restarting" })
        yield* TestClock.adjust("1 second")
        assert.lengthOf((yield* trail).filter(outOf("failing", "restarting")), 1)
      })
    ))

  it.effect.each(
    [
      ["restart", "active"],
      ["deactivate", "active"]
    ] as const
  )("Operate %s: it is answered, and the %s domain crashes and restarts", ([operation]) =>
    withFault(
      fault(outOf("store", "active")),
      [store, user],
      Effect.gen(function*() {
        yield* start
        assertDefect(yield* asked(operation, "store"))
        yield* awaitStates({ store: "restarting", user: "waiting" })
        yield* TestClock.adjust("1 second")
        yield* awaitStates({ store: "active", user: "active" })
      })
    ))

  it.effect("Operate activate: it is answered, and can be asked again", () =>
    withFault(
      fault(outOf("store", "inactive")),
      [store],
      Effect.gen(function*() {
        yield* tick
        yield* asked("deactivate", "store")
        yield* awaitStates({ store: "inactive" })
        assertDefect(yield* asked("activate", "store"))
        assert.isTrue(Exit.isSuccess(yield* asked("activate", "store")))
        yield* awaitStates({ store: "active" })
      })
    ))

  it.effect("Operate restart: a domain that restarts by itself still does", () =>
    withFault(
      fault((event) => outOf("store", "restarting")(event) && event.reason === "operator"),
      [Domain.derive(store, { layer: Layer.effectDiscard(Effect.fail("no")) })],
      Effect.gen(function*() {
        yield* tick
        assertDefect(yield* asked("restart", "store"))
        yield* TestClock.adjust("1 second")
        assert.lengthOf((yield* trail).filter(into("store", "crashed")), 2)
      })
    ))

  it.effect("Closed: the domain goes on to its target, and nobody waits for its end", () =>
    withFault(
      fault(outOf("store", "deactivating")),
      [store, user],
      Effect.gen(function*() {
        yield* start
        yield* asked("restart", "store")
        yield* settle
        yield* tick
        yield* awaitStates({ store: "active", user: "active" })
        const end = (yield* trail).find(outOf("store", "deactivating"))
        assert.match(end?.cause ?? "", /^Error: a bug\n/)
      })
    ))

  it.effect("Shutdown: all domains are deactivated, in the trail", () => {
    const faults = fault((event) => event.reason === "shutdown")
    return withFault(faults, [store, user], start)
  })

  it.effect.each([["always", 1_000_000], ["ten times", 10]] as const)(
    "Shutdown: it ends, with every scope closed, when the outbox throws %s",
    ([_, times]) => {
      let closed = 0
      const counted = Domain.make("store", {
        layer: Layer.effectDiscard(Effect.addFinalizer(() => Effect.sync(() => closed++)))
      })
      return withFault(
        fault((event) => event.to !== "activating" && event.to !== "active", times),
        [counted, Domain.make("user", { dependsOn: [counted], layer: Layer.empty })],
        start
      ).pipe(Effect.andThen(Effect.sync(() => assert.strictEqual(closed, 1))))
    }
  )
})

describe("an outbox that always throws", () => {
  it.effect("stops no domain from crashing, and leaves nobody without an answer", () =>
    withFault(
      fault((event) => event.to !== "activating" && event.to !== "active", 1_000_000),
      [store, user],
      Effect.gen(function*() {
        yield* start
        assertDefect(yield* asked("restart", "store"))
        yield* awaitStates({ store: "restarting", user: "waiting" })
      })
    ))

  it.effect("leaves no domain activating", () =>
    withFault(
      fault(into("store", "active"), 1_000_000),
      [Domain.derive(store, { restart: "never" })],
      Effect.andThen(tick, awaitStates({ store: "crashed" }))
    ))
})

describe("a bus that throws", () => {
  it.effect.each(
    [
      ["when it is asked to publish", () => {
        throw new Error("a bug")
      }],
      ["while it publishes", () => Effect.die(new Error("a bug"))]
    ] as const
  )("%s undoes no transition and stops no tick", ([_, publish]) =>
    Effect.gen(function*() {
      const app = supervised([store, user], fault(any, 0), { publisher: Layer.succeed(SystemPublisher, { publish }) })
      yield* Effect.gen(function*() {
        yield* start
        yield* tick
        assert.strictEqual(yield* DomainRegistry.use((registry) => registry.currentTick), 2)
        const lines = yield* LogLines.LogLines
        assert.include(lines.texts(), "[SystemPubSub] Nothing was published on system:domain_tick, which is a bug")
      }).pipe(Effect.provide(app))
    }))
})

describe("after the shutdown", () => {
  it.effect("every operation is answered at once", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(supervised([store], fault(any, 0)), scope)
      yield* Scope.close(scope, Exit.void)
      const answer = yield* Effect.forkChild(Effect.provideContext(asked("restart", "store"), context))
      yield* settle
      const exit = answer.pollUnsafe()
      assert.isDefined(exit)
      assert.include(JSON.stringify(yield* Fiber.join(answer)), "ShuttingDown")
    }))
})
