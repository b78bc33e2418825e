import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import { Escalation } from "../../src/model/Escalation.ts"
import { Health } from "../../src/supervision/Health.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import { app, awaitStates, brief, states, tick, trail } from "../support/app.ts"
import { settle } from "../support/awaitState.ts"
import * as LogLines from "../support/LogLines.ts"

/** A schedule whose every step is this effect. */
const stepping = (step: Effect.Effect<unknown, unknown>) =>
  Schedule.fromStep(Effect.succeed(() => step as never)) as Schedule.Schedule<unknown>

const failing = Layer.effectDiscard(Effect.fail(new Error("no socket")))

/** The first generation fails, the next one does not. */
const flaky = () => {
  let generation = 0
  return Layer.effectDiscard(
    Effect.suspend(() => ++generation === 1 ? Effect.fail(new Error("no socket")) : Effect.void)
  )
}

const errors = Effect.map(
  LogLines.LogLines,
  ({ lines }) =>
    lines.filter(({ level }) => level === "Error").map(({ annotations, text }) => ({
      text,
      event: annotations["event.name"],
      domain: annotations["domain"]
    }))
)

const raised = Effect.flatMap(Escalation, (escalation) => escalation.raised)

describe("a crash", () => {
  it.effect("and its restart are one commit, with what the crash takes down", () => {
    const base = Domain.make("base", { layer: Layer.empty })
    const upper = Domain.make("upper", { dependsOn: [base], layer: Layer.empty })
    return Effect.gen(function*() {
      yield* tick
      yield* TestClock.adjust("5 seconds")
      const crash = (yield* trail).slice(4, 7)
      assert.deepStrictEqual(crash.map(brief), [
        "upper: active -> deactivating",
        "base: active -> crashed",
        "base: crashed -> restarting"
      ])
      assert.lengthOf(new Set(crash.map(({ occurredAt }) => occurredAt.epochMilliseconds)), 1)
    }).pipe(Effect.provide(app([base, upper], [{ _tag: "KillWorker", domain: "base", generation: 1, ms: 5_000 }])))
  })

  for (
    const [what, step] of [
      ["hangs", Effect.never],
      ["hangs and cannot be interrupted", Effect.uninterruptible(Effect.never)]
    ] as const
  ) {
    it.effect(`is committed and others are served while its schedule ${what}; the default back-off follows`, () => {
      const restart = Domain.restartPolicy({ schedule: stepping(step) })
      const base = Domain.make("base", { layer: Layer.empty, restart })
      const upper = Domain.make("upper", { dependsOn: [base], layer: Layer.empty })
      const other = Domain.make("other", { layer: Layer.empty })
      const faults = [{ _tag: "KillWorker", domain: "base", generation: 1, ms: 5_000 }] as const
      return Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ base: "active", upper: "active", other: "active" })
        yield* TestClock.adjust("5 seconds")
        yield* awaitStates({ base: "crashed", upper: "waiting", other: "active" })
        yield* DomainControl.use(({ restart }) => restart("other"))
        yield* awaitStates({ base: "crashed", other: "active" })
        yield* TestClock.adjust("999 millis")
        assert.include(yield* states, { base: "crashed" })
        yield* TestClock.adjust("1 millis")
        yield* awaitStates({ base: "restarting" })
        yield* TestClock.adjust("240 millis")
        yield* awaitStates({ base: "active", upper: "active" })
        assert.isTrue(Option.isNone(yield* raised))
        assert.deepStrictEqual(yield* errors, [
          { text: "[Base] Crashed (failure)", event: "thunderline.domain.crashed", domain: "base" },
          {
            text: "[Base] The schedule of its restart policy gave no delay within 1s; using the default back-off",
            event: undefined,
            domain: "base"
          }
        ])
      }).pipe(Effect.provide(app([base, upper, other], faults)), Effect.provide(LogLines.layer))
    })
  }

  it.effect("waits for a schedule that takes its time, and restarts after the delay that it gives", () => {
    const schedule = stepping(Effect.delay(Effect.succeed([0, Duration.seconds(7)]), "400 millis"))
    const slow = Domain.make("slow", { layer: flaky(), restart: Domain.restartPolicy({ schedule }) })
    return Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ slow: "crashed" })
      yield* TestClock.adjust("400 millis")
      yield* awaitStates({ slow: "restarting" })
      yield* TestClock.adjust("6999 millis")
      yield* awaitStates({ slow: "restarting" })
      yield* TestClock.adjust("1 millis")
      yield* awaitStates({ slow: "active" })
      const restarting = (yield* trail).find(({ to }) => to === "restarting")!
      assert.deepStrictEqual(restarting.metadata, { attempt: 1, delayMs: 7_000 })
    }).pipe(Effect.provide(app([slow])))
  })

  it.effect("whose schedule hangs can be ended by an operator, and the late answer changes nothing", () => {
    const restart = Domain.restartPolicy({ schedule: stepping(Effect.never) })
    const one = Domain.make("one", { layer: flaky(), restart })
    const two = Domain.make("two", { layer: failing, restart })
    return Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ one: "crashed", two: "crashed" })
      yield* DomainControl.use((control) => Effect.andThen(control.restart("one"), control.deactivate("two")))
      yield* awaitStates({ one: "active", two: "inactive" })
      yield* TestClock.adjust("1 minute")
      yield* settle
      assert.deepStrictEqual(yield* states, { one: "active", two: "inactive" })
      assert.lengthOf((yield* trail).filter(({ to }) => to === "restarting"), 0)
      assert.notInclude((yield* LogLines.LogLines).lines.map(({ level }) => level), "Fatal")
    }).pipe(Effect.provide(app([one, two])), Effect.provide(LogLines.layer))
  })

  it.effect("whose schedule hangs does not hold up the shutdown, and the late answer restarts nothing", () =>
    Effect.gen(function*() {
      const restart = Domain.restartPolicy({ schedule: stepping(Effect.uninterruptible(Effect.never)) })
      const stuck = Domain.make("stuck", { layer: failing, restart })
      const slow = Domain.make("slow", { layer: Layer.empty })
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(
        app([stuck, slow], [{ _tag: "SlowShutdown", domain: "slow", ms: 3_000 }]),
        scope
      )
      yield* Effect.andThen(tick, awaitStates({ stuck: "crashed", slow: "active" })).pipe(
        Effect.provideContext(context)
      )
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* settle
      yield* TestClock.adjust("2 seconds")
      yield* settle
      assert.deepStrictEqual(yield* Effect.provideContext(states, context), { stuck: "crashed", slow: "deactivating" })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(yield* Effect.provideContext(states, context), { stuck: "crashed", slow: "inactive" })
    }))

  it.live("asks its schedule by the time of day, as `Effect.retry` does", () => {
    const asked: Array<number> = []
    const schedule = Schedule.fromStep(Effect.succeed((now: number) => {
      asked.push(now)
      return Effect.succeed([0, Duration.hours(1)] as [number, Duration.Duration])
    }))
    const away = Domain.make("away", { layer: failing, restart: Domain.restartPolicy({ schedule }) })
    return Effect.gen(function*() {
      const before = Date.now()
      yield* tick
      yield* awaitStates({ away: "restarting" })
      assert.lengthOf(asked, 1)
      assert.isAtLeast(asked[0]!, before)
      assert.isAtMost(asked[0]!, Date.now())
    }).pipe(Effect.provide(app([away])))
  })

  it.effect("whose `while` throws is told and restarts, once for each crash", () => {
    const restart = Domain.restartPolicy({
      schedule: Schedule.spaced("1 second"),
      while: () => {
        throw new Error("no luck")
      }
    })
    return Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ odd: "restarting" })
      yield* TestClock.adjust("1 second")
      yield* awaitStates({ odd: "restarting" })
      const text = "[Odd] The `while` of its restart policy threw; using the default"
      assert.deepStrictEqual((yield* errors).map((line) => line.text), [
        "[Odd] Crashed (failure)",
        text,
        "[Odd] Crashed (failure)",
        text
      ])
    }).pipe(
      Effect.provide(app([Domain.make("odd", { layer: failing, restart })])),
      Effect.provide(LogLines.layer)
    )
  })
})

describe("the budget", () => {
  it.effect("counts activations that hang, however long each takes", () => {
    const restart = Domain.restartPolicy({ schedule: Schedule.spaced("1 minute"), limit: 2, within: "1 second" })
    const hanging = Domain.make("hanging", { layer: Layer.effectDiscard(Effect.never), restart })
    return Effect.gen(function*() {
      yield* tick
      for (let attempt = 0; attempt < 2; attempt++) {
        yield* TestClock.adjust("30 seconds")
        yield* awaitStates({ hanging: "restarting" })
        yield* TestClock.adjust("1 minute")
      }
      yield* TestClock.adjust("30 seconds")
      yield* awaitStates({ hanging: "crashed" })
      assert.strictEqual((yield* trail).filter(({ reason }) => reason === "timeout").length, 3)
    }).pipe(Effect.provide(app([hanging])))
  })

  it.effect("counts only time spent active, and not the time between a crash and the next generation", () => {
    const restart = Domain.restartPolicy({ schedule: Schedule.spaced("1 minute"), limit: 2, within: "10 seconds" })
    const workers = { work: Effect.andThen(Effect.sleep("4 seconds"), Effect.fail(new Error("no socket"))) }
    const weak = Domain.make("weak", { layer: Layer.empty, workers, restart })
    return Effect.gen(function*() {
      yield* tick
      // Active for 4 s in each minute: the first restart is forgotten after 10 s of that.
      for (const after of ["restarting", "restarting", "crashed"] as const) {
        yield* TestClock.adjust("4 seconds")
        yield* awaitStates({ weak: after })
        yield* TestClock.adjust("1 minute")
      }
    }).pipe(Effect.provide(app([weak])))
  })

  it.effect("forgets after enough time spent active, though not in one go, and keeps backing off", () => {
    const restart = Domain.restartPolicy({ schedule: Schedule.exponential("1 second"), limit: 3, within: "10 seconds" })
    const workers = { work: Effect.andThen(Effect.sleep("4 seconds"), Effect.fail(new Error("no socket"))) }
    const weak = Domain.make("weak", { layer: Layer.empty, workers, restart })
    return Effect.gen(function*() {
      yield* tick
      for (let attempt = 0; attempt < 6; attempt++) {
        yield* TestClock.adjust("4 seconds")
        yield* awaitStates({ weak: "restarting" })
        yield* TestClock.adjust(1_000 * 2 ** attempt)
        yield* awaitStates({ weak: "active" })
      }
      const restarts = (yield* trail).filter(({ to }) => to === "restarting").map(({ metadata }) => metadata["delayMs"])
      assert.deepStrictEqual(restarts, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000])
    }).pipe(Effect.provide(app([weak])))
  })
})

describe("a domain that is crashed for good", () => {
  const ended = Domain.restartPolicy({ schedule: Schedule.recurs(0) })
  it.effect.each(
    [
      ["its restart policy is \"never\"", "never"],
      ["its limit is spent (0 restarts within 1m of being active)", Domain.restartPolicy({ limit: 0 })],
      ["the `while` of its restart policy refused the cause", Domain.restartPolicy({ while: () => false })],
      ["the schedule of its restart policy has ended", ended]
    ] as const
  )("is logged at ERROR: %s", ([why, restart]) =>
    Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ doomed: "crashed" })
      yield* settle
      assert.deepStrictEqual(yield* errors, [
        { text: "[Doomed] Crashed (failure)", event: "thunderline.domain.crashed", domain: "doomed" },
        { text: `[Doomed] Stays crashed: ${why}`, event: "thunderline.domain.given_up", domain: "doomed" }
      ])
    }).pipe(
      Effect.provide(app([Domain.make("doomed", { layer: failing, restart })])),
      Effect.provide(LogLines.layer)
    ))

  it.effect.each(
    [
      [{}, true],
      [{ criticality: "required" }, true],
      [{ criticality: "optional" }, false],
      [{ escalate: false }, false],
      [{ escalate: true, criticality: "optional" }, true]
    ] as const
  )("with %j escalates: %j", ([options, escalates]) =>
    Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ doomed: "crashed", other: "active" })
      yield* settle
      const escalated = Option.getOrNull(yield* raised)
      assert.strictEqual(escalated?.domain, escalates ? "doomed" : undefined)
      if (escalates) assert.include(escalated!.cause, "no socket")
      // `Thunderline.layer` ends nothing: readiness tells.
      const ready = yield* Health.use((health) => health.ready)
      assert.strictEqual(ready.status, "criticality" in options && options.criticality === "optional" ? "pass" : "fail")
      yield* tick
      yield* awaitStates({ other: "active" })
    }).pipe(Effect.provide(app([
      Domain.make("doomed", { layer: failing, restart: "never", ...options }),
      Domain.make("other", { layer: Layer.empty })
    ]))))

  it.effect("by a ConfigError was tried once, and is so by default", () => {
    const layer = Layer.effectDiscard(Effect.orDie(Config.String("DATABASE_URL")))
    return Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ store: "crashed" })
      yield* settle
      assert.deepStrictEqual((yield* errors).map(({ text }) => text), [
        "[Store] Crashed (failure)",
        "[Store] Stays crashed: its cause holds a ConfigError, which a restart does not mend"
      ])
      assert.strictEqual((yield* Thunderline.awaitEscalation).domain, "store")
    }).pipe(
      Effect.provide(app([Domain.make("store", { layer })])),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: {} })),
      Effect.provide(LogLines.layer)
    )
  })

  it.effect("by a ConfigError restarts where its own `while` says so", () => {
    const layer = Layer.effectDiscard(Config.String("DATABASE_URL"))
    const restart = Domain.restartPolicy({ while: () => true })
    return Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ store: "restarting" })
    }).pipe(
      Effect.provide(app([Domain.make("store", { layer, restart })])),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: {} }))
    )
  })

  it.effect("by a schedule that takes its time to end escalates when it has ended", () => {
    const schedule = stepping(Effect.andThen(Effect.sleep("300 millis"), Cause.done()))
    return Effect.gen(function*() {
      yield* tick
      assert.isTrue(Option.isNone(yield* raised))
      yield* TestClock.adjust("300 millis")
      assert.strictEqual((yield* Thunderline.awaitEscalation).domain, "store")
      assert.deepStrictEqual(yield* states, { store: "crashed" })
    }).pipe(
      Effect.provide(app([Domain.make("store", { layer: failing, restart: Domain.restartPolicy({ schedule }) })]))
    )
  })
})
