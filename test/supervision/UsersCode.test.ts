/** Whatever users' code does, the supervisor goes on, the domain does not stay where it was, and a shutdown ends. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { vi } from "vitest"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import { maxCauseLength } from "../../src/model/DomainEvent.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import { awaitStates, brief, closedWithin, states, tick, trail } from "../support/app.ts"
import { int } from "../support/arbitraries.ts"
import { settle } from "../support/awaitState.ts"
import * as Hostile from "../support/hostile.ts"
import * as LogLines from "../support/LogLines.ts"

const no = (): never => {
  throw new Error("no")
}

const never = { restart: "never", shutdownTimeout: "2 seconds" } as const

/** A domain whose code fails somewhere with a cause. */
const places: { readonly [place: string]: (fail: Effect.Effect<never, unknown>) => Domain.Any } = {
  "the layer": (fail) => Domain.make("victim", { ...never, layer: Layer.effectDiscard(fail) }),
  "onActivate": (fail) => Domain.make("victim", { ...never, layer: Layer.empty, onActivate: () => fail }),
  "a worker": (fail) => Domain.make("victim", { ...never, layer: Layer.empty, workers: { fails: fail } }),
  "onTick": (fail) => Domain.make("victim", { ...never, layer: Layer.empty, onTick: () => fail }),
  "a fiber of the scope": (fail) =>
    Domain.make("victim", { ...never, layer: Layer.effectDiscard(Effect.forkScoped(Effect.delay(fail, "1 second"))) }),
  "onDeactivate": (fail) => Domain.make("victim", { ...never, layer: Layer.empty, onDeactivate: () => fail }),
  "a finalizer": (fail) =>
    Domain.make("victim", {
      ...never,
      layer: Layer.effectDiscard(Effect.addFinalizer(() => Effect.orDie(fail)))
    })
}

const atItsEnd = new Set(["onDeactivate", "a finalizer"])

/** Runs a program with these domains, whose shutdown ends within the bound of one of them. */
const running = <A, E, R>(
  domains: ReadonlyArray<Domain.Any>,
  program: Effect.Effect<A, E, R>,
  options: { readonly metadata?: () => any } = {}
) =>
  closedWithin("2 seconds")(
    program,
    Thunderline.layerTest({ domains, ...options }) as Layer.Layer<Thunderline.Infrastructure, Thunderline.StartError>
  )

/** Brings the domain to where its code fails, and says how its last transition was recorded. */
const fate = (place: string) =>
  Effect.gen(function*() {
    yield* tick
    yield* tick
    yield* TestClock.adjust("1 second")
    yield* settle
    if (atItsEnd.has(place)) {
      yield* DomainControl.use((control) => control.deactivate("victim"))
      yield* settle
    }
    const now = yield* states
    return { status: now["victim"], events: yield* trail }
  })

describe("a failure", () => {
  it.effect.each(Object.keys(places))(
    "of any kind in %s ends in its state, in the trail and in the log",
    (place) =>
      Effect.gen(function*() {
        // All of them in one place, for what they take.
        const failures = place === "a worker" ? Hostile.failures : Hostile.small
        for (const [kind, make] of Object.entries(failures)) {
          const lines = yield* LogLines.LogLines
          const fail = Effect.suspend(() => atItsEnd.has(place) ? Effect.die(make()) : Effect.fail(make()))
          const { events, status } = yield* running([places[place]!(fail)], fate(place))
          assert.strictEqual(status, atItsEnd.has(place) ? "inactive" : "crashed", kind)
          const { cause } = events.find((event) => event.cause !== null) ?? { cause: null }
          assert.isNotNull(cause, kind)
          assert.isAtMost(new TextEncoder().encode(cause!).length, maxCauseLength)
          assert.isTrue(cause!.isWellFormed() && !cause!.includes("\u0000"), kind)
          const line = lines.lines.findLast(({ text }) => text.startsWith("[Victim]") && /failed|Crashed/.test(text))
          assert.strictEqual(
            Cause.pretty(line!.cause).replaceAll(/\s/g, "").slice(0, 9),
            cause!.replaceAll(/\s/g, "").slice(0, 9)
          )
        }
      }).pipe(Effect.provide(LogLines.layer)),
    60_000
  )

  it.effect.prop(
    "made of several, anywhere, crashes its domain",
    { place: int(0, 4), failure: Hostile.failure, dies: int(0, 1) },
    ({ dies, failure, place: index }) => {
      const place = Object.keys(places)[index]!
      const fail = Effect.suspend(() => dies === 1 ? Effect.die(failure()) : Effect.fail(failure()))
      return Effect.gen(function*() {
        const { status } = yield* running([places[place]!(fail)], fate(place))
        assert.strictEqual(status, "crashed")
      }).pipe(Effect.provide(LogLines.layer))
    },
    { arbitrary: { runs: 30 } }
  )
})

describe("a restart policy", () => {
  const failing = (make: () => unknown) => ({
    "a schedule": Domain.restartPolicy({
      schedule: Schedule.fromStep(Effect.succeed(() => Effect.fail(make()))) as never
    }),
    "a schedule's first step": Domain.restartPolicy({ schedule: Schedule.fromStep(Effect.die(make())) }),
    "a `while`": Domain.restartPolicy({
      while: () => {
        throw make()
      }
    })
  })

  it.effect.each(Object.keys(failing(() => 0)) as Array<keyof ReturnType<typeof failing>>)(
    "whose %s fails with anything lets the domain restart",
    (part) =>
      Effect.gen(function*() {
        for (const [kind, make] of Object.entries(Hostile.small)) {
          const victim = Domain.make("victim", {
            layer: Layer.effectDiscard(Effect.suspend(() => Effect.fail(make()))),
            restart: failing(make)[part]
          })
          yield* running(
            [victim],
            Effect.gen(function*() {
              yield* tick
              assert.deepStrictEqual(yield* states, { victim: "restarting" }, kind)
            })
          )
        }
      }).pipe(Effect.provide(LogLines.layer)),
    60_000
  )
})

/** What throws at every call. */
const hostile: { readonly [what: string]: Layer.Layer<never> } = {
  "a logger that throws": Logger.layer([Logger.make(no)]),
  "a tracer that throws": Layer.succeed(Tracer.Tracer, Tracer.make({ span: no })),
  "spans that throw": Layer.succeed(
    Tracer.Tracer,
    Tracer.make({
      span: (options) =>
        Object.assign(Object.create(new Tracer.NativeSpan(options)), {
          end: no,
          attribute: no,
          event: no,
          addLinks: no
        })
    })
  ),
  "metrics' attributes that throw": Layer.succeed(
    Metric.CurrentMetricAttributes,
    Hostile.failures["a proxy that throws"]!() as never
  ),
  "a registry of metrics that throws": Layer.succeed(
    Metric.MetricRegistry,
    Object.assign(new Map(), { set: no }) as never
  )
}

describe("with", () => {
  const store = Domain.make("store", { layer: Layer.empty })
  const user = Domain.make("user", {
    dependsOn: [store],
    layer: Layer.empty,
    onActivate: () => Effect.void,
    onDeactivate: () => Effect.void
  })
  const failing = Domain.make("failing", {
    layer: Layer.empty,
    workers: { fails: Effect.delay(Effect.fail("no"), "1 second") },
    restart: "never"
  })

  it.effect.each(Object.keys(hostile))(
    "%s: no transition is undone, no command lost, no tick missed",
    (what) =>
      Effect.gen(function*() {
        const spy = vi.spyOn(console, "error").mockReturnValue(undefined)
        const program = Effect.gen(function*() {
          yield* tick
          yield* awaitStates({ store: "active", user: "active", failing: "active" })
          yield* TestClock.adjust("1 second")
          yield* awaitStates({ failing: "crashed" })
          yield* DomainControl.use((control) => control.restart("store"))
          yield* awaitStates({ store: "active", user: "active" })
          yield* DomainControl.use((control) => control.deactivate("store"))
          yield* awaitStates({ store: "inactive", user: "waiting" })
          yield* tick
          assert.strictEqual(yield* DomainRegistry.use((registry) => registry.currentTick), 2)
          assert.deepStrictEqual(
            (yield* trail).map(brief).filter((text) => text.startsWith("store")),
            [
              "store: waiting -> activating",
              "store: activating -> active",
              "store: active -> deactivating",
              "store: deactivating -> activating",
              "store: activating -> active",
              "store: active -> deactivating",
              "store: deactivating -> inactive"
            ]
          )
        })
        // Only the application gets it: the test itself goes on.
        yield* closedWithin("0 seconds")(
          program,
          Layer.provide(Thunderline.layerTest({ domains: [store, user, failing] }), hostile[what]!)
        )
        spy.mockRestore()
      })
  )

  it.effect("a tracer that throws in a domain's code: that is the domain's failure", () => {
    const traced = Domain.make("traced", {
      ...never,
      layer: Layer.empty,
      workers: { work: Effect.withSpan(Effect.void, "mine") }
    })
    const tracer = Tracer.make({ span: (options) => options.name === "mine" ? no() : new Tracer.NativeSpan(options) })
    return closedWithin("0 seconds")(
      Effect.andThen(tick, awaitStates({ traced: "crashed", store: "active" })),
      Layer.provide(Thunderline.layerTest({ domains: [traced, store] }), Layer.succeed(Tracer.Tracer, tracer))
    )
  })

  it.effect("a tracer and a logger that throw in the caller's fiber: an operation and a tick are done", () =>
    Effect.gen(function*() {
      const spy = vi.spyOn(console, "error").mockReturnValue(undefined)
      yield* running(
        [store],
        Effect.gen(function*() {
          yield* tick
          yield* DomainControl.use((control) => control.deactivate("store"))
          yield* awaitStates({ store: "inactive" })
          yield* tick
          assert.strictEqual(yield* DomainRegistry.use((registry) => registry.currentTick), 2)
        }).pipe(
          Effect.provideService(Tracer.Tracer, Tracer.make({ span: no })),
          Effect.provideService(References.CurrentLoggers, new Set([Logger.make(no)]))
        ),
        { metadata: no }
      )
      spy.mockRestore()
    }))

  it.effect.each(
    [
      ["throws", no],
      ["has a getter that throws", () => Object.defineProperty({}, "zone", { get: no, enumerable: true })],
      ["is a number that is none", () => ({ zone: Number.NaN })],
      ["is a bigint", () => ({ zone: 1n })],
      ["is circular", () => Hostile.failures["a circular object"]!()],
      ["has a toJSON that throws", () => Hostile.failures["toJSON that throws"]!()],
      ["is a revoked proxy", () => Hostile.failures["a revoked proxy"]!()]
    ] as ReadonlyArray<readonly [string, () => any]>
  )("a tick's metadata that %s: the tick is sent, with what JSON can hold", ([_, metadata]) =>
    running(
      [store],
      Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ store: "active" })
        const last = yield* DomainRegistry.use((registry) => registry.lastTick)
        assert.doesNotThrow(() => JSON.stringify(last))
      }),
      { metadata }
    ).pipe(Effect.provide(LogLines.layer)))
})

describe("a hook", () => {
  it.effect.each(
    [
      ["throws", undefined],
      ["returns nothing", () => undefined],
      ["returns an object without a prototype", () => Object.create(null)],
      ["returns a proxy that throws", () => Hostile.failures["a proxy that throws"]!()]
    ] as ReadonlyArray<readonly [string, (() => unknown) | undefined]>
  )("that %s crashes its domain, or ends it with a cause", ([_, value]) =>
    Effect.gen(function*() {
      const hook = value ?? no
      const activated = Domain.make("victim", { ...never, layer: Layer.empty, onActivate: hook as never })
      const deactivated = Domain.make("other", { ...never, layer: Layer.empty, onDeactivate: hook as never })
      const ticked = Domain.make("ticked", { ...never, layer: Layer.empty, onTick: hook as never })
      yield* running(
        [activated, deactivated, ticked],
        Effect.gen(function*() {
          yield* tick
          yield* tick
          // What is no effect at all ends with its deadline.
          yield* TestClock.adjust("30 seconds")
          yield* awaitStates({ victim: "crashed", other: "active", ticked: "crashed" })
          yield* DomainControl.use((control) => control.deactivate("other"))
          yield* TestClock.adjust("2 seconds")
          yield* awaitStates({ other: "inactive" })
        })
      )
    }).pipe(Effect.provide(LogLines.layer)))
})
