import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import * as Domain from "../../src/model/Domain.ts"
import { Health } from "../../src/supervision/Health.ts"
import * as Thunderline from "../../src/Thunderline.ts"

// ---------------------------------------------------------------------------------------------- what is generated

const int = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** What an activation does while something that the domain needs is away. */
const Attempt = Schema.Literals(["refused", "refused", "refused", "slow", "slow", "hangs", "cannot be interrupted"])

const DomainPlan = Schema.Struct({
  /** Which earlier ones it depends on and comes after, and which services it needs from outside, as bits. */
  dependsOn: Schema.Literals([0, 0, 1, 2, 3, 4, 6, 31]),
  after: Schema.Literals([0, 0, 0, 1, 2, 5]),
  needs: int(0, 7),
  attempts: Schema.Array(Attempt).check(Schema.isMinLength(1), Schema.isMaxLength(6)),
  /** What notices an outage while it is active. */
  notices: Schema.Literals(["worker", "worker", "poll", "tick", "nothing"]),
  /** How long a slow activation, or a worker that has lost its service, takes to fail, in milliseconds. */
  slowness: int(0, 3_000)
})

const Outage = Schema.Struct({
  service: int(0, 2),
  /** How long after the first one of its episode it begins, in milliseconds. */
  after: int(0, 300_000),
  /** From 1 s (0) to 30 min (1,000), short and long ones alike. */
  length: int(0, 1_000)
})

const Plan = Schema.Struct({
  domains: Schema.Array(DomainPlan).check(Schema.isMinLength(2), Schema.isMaxLength(6)),
  episodes: Schema.Array(Schema.Struct({
    gap: int(0, 180_000),
    outages: Schema.Array(Outage).check(Schema.isMinLength(3), Schema.isMaxLength(8))
  })).check(Schema.isMinLength(4), Schema.isMaxLength(8)),
  /** What lets the last domain give up: nothing for most, as all has its default then. */
  givesUp: Schema.Literals(["no", "no", "no", "no", "no", "no", "no", "no", "limit", "config"]),
  /** Ticks of 1 s in some: they cost most of the time, and restarts do not wait for them. */
  interval: Schema.Literals(["1 second", ...Array.from({ length: 39 }, () => "1 minute" as const)]),
  seed: int(0, 1_000_000)
})
type Plan = typeof Plan.Type

const lengthOf = ({ length }: typeof Outage.Type) => Math.round(1_000 * 1_800 ** (length / 1_000))

/** The moments at which something leaves or returns, in order. */
const momentsOf = (outages: ReadonlyArray<typeof Outage.Type>) =>
  outages.flatMap((outage) => [
    { at: outage.after, service: outage.service, back: false },
    { at: outage.after + lengthOf(outage), service: outage.service, back: true }
  ]).sort((a, b) => a.at - b.at)

// --------------------------------------------------------------------------------------- the domains of a plan

class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}

/** Something outside of the program that is away from time to time. */
class Outside {
  private outages = 0
  private readonly waiting = new Set<() => void>()
  readonly lost: Effect.Effect<void> = Effect.callback((resume) => {
    const wake = () => resume(Effect.void)
    if (this.isAway()) return wake()
    this.waiting.add(wake)
    return Effect.sync(() => this.waiting.delete(wake))
  })
  isAway() {
    return this.outages > 0
  }
  leave() {
    this.outages++
    for (const wake of this.waiting) wake()
    this.waiting.clear()
  }
  return() {
    this.outages--
  }
}

/** A variable that is not set. */
const misconfigured = Effect.provideService(
  Config.String("STORE_URL"),
  ConfigProvider.ConfigProvider,
  ConfigProvider.fromEnv({ env: {} })
)

const makeDomains = (plan: Plan, services: ReadonlyArray<Outside>) => {
  /** Those whose newest activation hangs. */
  const hanging = new Set<string>()
  const domains: Array<Domain.Any> = []
  for (const [position, one] of plan.domains.entries()) {
    const name = `d${position}`
    const givesUp = position === plan.domains.length - 1 ? plan.givesUp : "no"
    const earlier = (bits: number) => domains.filter((_, other) => (bits & (1 << other)) !== 0)
    const needs = services.filter((_, service) => (one.needs & (1 << service)) !== 0)
    const check = Effect.suspend(() => needs.some((it) => it.isAway()) ? Effect.fail(new Refused()) : Effect.void)
    let attempts = 0
    const connect = Effect.catchTag(check, "Refused", (refused): Effect.Effect<unknown, unknown> => {
      if (givesUp === "config") return misconfigured
      switch (one.attempts[attempts++ % one.attempts.length]!) {
        case "refused":
          return Effect.fail(refused)
        case "slow":
          return Effect.delay(Effect.fail(refused), one.slowness)
        case "hangs":
          hanging.add(name)
          return Effect.never
        case "cannot be interrupted":
          hanging.add(name)
          return Effect.uninterruptible(Effect.never)
      }
    })
    const lost = Effect.raceAllFirst([Effect.never, ...needs.map((it) => it.lost)]).pipe(
      Effect.andThen(Effect.sleep(one.slowness)),
      Effect.andThen(Effect.fail(new Refused()))
    )
    const notice = one.notices === "worker" ? lost : Effect.repeat(check, Schedule.spaced("1 minute"))
    domains.push(Domain.make(name, {
      dependsOn: earlier(one.dependsOn),
      after: earlier(one.after & ~one.dependsOn),
      layer: Layer.effectDiscard(Effect.andThen(Effect.sync(() => hanging.delete(name)), connect)),
      ...(one.notices === "worker" || one.notices === "poll" ? { workers: { notice } } : {}),
      ...(one.notices === "tick" ? { onTick: () => check } : {}),
      ...(givesUp === "limit" ? { restart: Domain.restartPolicy({ limit: 3 }) } : {})
    }) as Domain.Any)
  }
  return { domains, hanging }
}

// ------------------------------------------------------------------------------------------------------ its life

/** How long the program may take to be ready after the last return, in milliseconds. */
const bound = 40_000
const activationTimeout = 30_000

/** Lets the fibers that a service has just woken run, and go to sleep again. */
const settle = Effect.gen(function*() {
  for (let turn = 0; turn < 24; turn++) yield* Effect.yieldNow
})

/** How an outage ended: ready after so many milliseconds, with an activation that hung at the return or not, or ended. */
type Outcome = { readonly readyAfter: number; readonly hung: boolean } | { readonly code: number | undefined }

/** Runs a program as the command line does through all of its outages, until it ends. */
const live = Effect.fnUntraced(function*(plan: Plan) {
  const services = [new Outside(), new Outside(), new Outside()]
  const { domains, hanging } = makeDomains(plan, services)
  let context: Context.Context<Health | DomainRegistry> | undefined
  const app = Layer.effectDiscard(Effect.map(Effect.context<Health | DomainRegistry>(), (given) => {
    context = given
  })).pipe(
    Layer.provideMerge(Thunderline.layer({
      domains,
      interval: plan.interval,
      firstTick: "immediate",
      run: { renewEvery: "1 hour" }
    }))
  )
  const program = yield* Effect.forkChild(Thunderline.launch(app as Layer.Layer<Thunderline.Infrastructure>))
  yield* TestClock.adjust("1 second")
  const outcomes: Array<Outcome> = []
  for (const { gap, outages } of plan.episodes) {
    yield* TestClock.adjust(gap)
    let now = 0
    for (const { at, back, service } of momentsOf(outages)) {
      yield* TestClock.adjust(at - now)
      now = at
      if (back) services[service]!.return()
      else services[service]!.leave()
      yield* settle
    }
    const { snapshot } = Context.get(context!, DomainRegistry)
    const hung = (yield* snapshot).some(({ name, status }) => status._tag === "activating" && hanging.has(name))
    const returned = yield* Clock.currentTimeMillis
    yield* TestClock.adjust(hung ? bound + activationTimeout : bound)
    const ended = program.pollUnsafe()
    if (ended !== undefined) {
      if (plan.givesUp === "no") return yield* Effect.fail("It ended, and all has its default")
      const code = Exit.isFailure(ended) ? Runtime.getErrorExitCode(Cause.squash(ended.cause)) : undefined
      if (code !== 70) return yield* Effect.fail(`It ended with ${code}`)
      outcomes.push(...outages.map(() => ({ code })))
      return outcomes
    }
    const ready = yield* Context.get(context!, Health).ready
    if (ready.status === "fail") return yield* Effect.fail(`${ready.reason} ${hung ? "An activation hung." : ""}`)
    const last = Math.max(...(yield* snapshot).map(({ since }) => since))
    outcomes.push(...outages.map(() => ({ readyAfter: Math.max(0, last - returned), hung })))
  }
  yield* Fiber.interrupt(program)
  return outcomes
}, Effect.provide(TestClock.layer()))

describe("a program whose dependencies are away for 1 s to 30 min", () => {
  it.live("is ready within 40 s of their return, or has ended with 70: 2,000 outages", () =>
    Effect.gen(function*() {
      const outcomes: Array<Outcome> = []
      // Stack traces of thousands of failures would take longer than everything else.
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          const limit = Error.stackTraceLimit
          Error.stackTraceLimit = 0
          return limit
        }),
        (limit) => Effect.sync(() => void (Error.stackTraceLimit = limit))
      )
      while (outcomes.length < 2_000) {
        const result = yield* Arbitrary.checkEffect(
          Arbitrary.schema(Plan),
          (plan) => Effect.map(Random.withSeed(live(plan), plan.seed), (some) => outcomes.push(...some) > 0),
          { runs: 10 }
        ).pipe(Effect.provideService(Metric.MetricRegistry, new Map()), Effect.provide(Logger.layer([])))
        assert.isUndefined(Arbitrary.formatCheckFailure(result))
      }
      const healed = outcomes.filter((outcome) => "readyAfter" in outcome)
      const slowest = (hung: boolean) =>
        Math.max(...healed.filter((outcome) => outcome.hung === hung).map(({ readyAfter }) => readyAfter)) / 1_000
      console.log(
        `${outcomes.length} outages: ${healed.length} healed, within ${slowest(false)} s, and within ${
          slowest(true)
        } s ` +
          `where an activation hung at the return; the others ended with 70`
      )
      assert.isAbove(outcomes.length, healed.length)
    }), 120_000)
})
