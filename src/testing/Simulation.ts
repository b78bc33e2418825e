/**
 * Runs an application from start to shutdown in virtual time, with faults and operations from a script. Use it to test
 * minutes or hours of your domains in milliseconds. Time that a domain does not take from Effect's clock is real.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { Domain } from "thunderline"
 * import { EventLog, Simulation } from "thunderline/testing"
 *
 * const cache = Domain.make("cache", { layer: Layer.empty })
 *
 * const test = Effect.gen(function*() {
 *   const { events } = yield* Simulation.run({
 *     domains: [cache],
 *     ticks: 60,
 *     script: { faults: [{ _tag: "FailActivation", domain: "cache", generation: 1 }] }
 *   })
 *   EventLog.expectInOrder(events, "cache: activating -> crashed", "cache: activating -> active")
 * })
 * ```
 */
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { DomainRegistry, type DomainView } from "../heartbeat/DomainRegistry.ts"
import { TickGenerator, type TickStats } from "../heartbeat/TickGenerator.ts"
import type * as Domain from "../model/Domain.ts"
import { DomainControl, Operation } from "../model/DomainControl.ts"
import type { DomainEvent } from "../model/DomainEvent.ts"
import * as Thunderline from "../Thunderline.ts"
import * as MemoryRepo from "../trail/MemoryRepo.ts"
import * as Repo from "../trail/Repo.ts"
import type { RepoWriter } from "../trail/RepoWriter.ts"
import * as Fault from "./Fault.ts"

/** What happens to the domains: the faults in them, and operations, each right after a tick. */
export const Script = Schema.Struct({
  faults: Schema.Array(Fault.Fault).pipe(Schema.withDecodingDefaultKey(Effect.succeed([]))),
  operations: Schema.Array(Schema.Struct({
    tick: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)),
    domain: Schema.String,
    operation: Operation
  })).pipe(Schema.withDecodingDefaultKey(Effect.succeed([])))
})
export interface Script extends Schema.Schema.Type<typeof Script> {}

/** How to run an application in virtual time. */
export interface Options {
  readonly domains: ReadonlyArray<Domain.Any>
  /** What the domains require besides Thunderline's own services. */
  readonly layer?: Layer.Layer<never, unknown> | undefined
  readonly script?: Partial<Script> | undefined
  /** How many intervals it runs (default 10). */
  readonly ticks?: number | undefined
  /** Default 1 second. */
  readonly interval?: Duration.Input | undefined
  /** The same seed gives the same events (default 1). */
  readonly seed?: string | number | undefined
  /** Called after each tick with the number of ticks so far, to show progress. */
  readonly onTick?: ((tick: number) => void) | undefined
}

/** The result: every transition in order, and the domains and the heartbeat before the shutdown. */
export interface Report {
  readonly events: ReadonlyArray<DomainEvent>
  readonly domains: ReadonlyArray<DomainView>
  readonly heartbeat: TickStats
  /** The operations that were refused, with the reason. */
  readonly refused: ReadonlyArray<{ readonly tick: number; readonly message: string }>
}

/** All transitions that a `Repo` holds, in order. */
export const allEvents = (repo: Repo.Repo["Service"]): Effect.Effect<ReadonlyArray<DomainEvent>, Repo.RepoError> =>
  Stream.runCollect(repo.stream({ order: "oldest" }))

/** Runs the fibers as far as they get without time passing, after an operation that no clock has woken. */
const settle = Effect.gen(function*() {
  for (let turn = 0; turn < 64; turn++) yield* Effect.yieldNow
})

const live = Effect.fnUntraced(function*(options: Options) {
  const interval = options.interval ?? "1 second"
  const ticks = options.ticks ?? 10
  const operations = options.script?.operations ?? []
  const domains = yield* Fault.inject(options.domains, options.script?.faults ?? [])
  const scope = yield* Scope.make()
  const trail = yield* Effect.context<Repo.Repo | RepoWriter>()
  // The types do not say what the domains need; `layer` provides it.
  const app = Thunderline.layer({ domains, interval, repo: Layer.succeedContext(trail) }) as Layer.Layer<
    Thunderline.Infrastructure,
    Thunderline.StartError
  >
  const context = yield* Layer.buildWithScope(Layer.provide(app, options.layer ?? Layer.empty), scope)
  const refused: Array<{ readonly tick: number; readonly message: string }> = []
  for (let tick = 1; tick <= ticks; tick++) {
    yield* TestClock.adjust(interval)
    const due = operations.filter((one) => one.tick === tick)
    for (const { domain, operation } of due) {
      const asked = yield* Effect.forkChild(Effect.result(Context.get(context, DomainControl)[operation](domain)))
      for (let turn = 0; turn < 64 && asked.pollUnsafe() === undefined; turn++) yield* Effect.yieldNow
      if (asked.pollUnsafe() === undefined) {
        return yield* Effect.die(new Error(`Nobody answered ${operation} of ${domain} after tick ${tick}`))
      }
      const answer = yield* Fiber.join(asked)
      if (answer._tag === "Failure") refused.push({ tick, message: answer.failure.message })
    }
    if (due.length > 0) yield* settle
    options.onTick?.(tick)
  }
  const views = yield* Context.get(context, DomainRegistry).snapshot
  const heartbeat = yield* Context.get(context, TickGenerator).stats
  const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
  yield* settle
  for (let waited = 0; closing.pollUnsafe() === undefined; waited++) {
    if (waited === 1000) return yield* Effect.die(new Error("The shutdown did not end within 1,000 intervals"))
    yield* TestClock.adjust(interval)
  }
  const events = yield* allEvents(Context.get(trail, Repo.Repo))
  return { events, domains: views, heartbeat, refused } satisfies Report
})

/** Spans that are not exported, with numbered ids, so that the same seed gives the same ids. */
const makeTracer = () => {
  let count = 0
  const next = (length: number) => (++count).toString(16).padStart(length, "0")
  return Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      span._traceId = Option.getOrUndefined(options.parent)?.traceId ?? next(32)
      span._spanId = next(16)
      return span
    }
  })
}

/**
 * Runs an application from start to shutdown in virtual time: time passes only when everything that was due has
 * happened, so hours take milliseconds. The clock, the random numbers, the identifiers and the metrics are simulated.
 * Everything else that the domains use is real.
 */
export const run = Effect.fn("Simulation.run")(function*(options: Options) {
  const simulated = Effect.gen(function*() {
    const random = yield* Random.Random
    const bytes = (size: number) => Uint8Array.from({ length: size }, () => Math.floor(random.nextDoubleUnsafe() * 256))
    return yield* live(options).pipe(
      Effect.provideService(SecureRandom.SecureRandom, SecureRandom.make(bytes)),
      Effect.provideService(Tracer.Tracer, makeTracer()),
      Effect.provideService(Metric.MetricRegistry, new Map()),
      Effect.provide(MemoryRepo.layer)
    )
  })
  return yield* simulated.pipe(Effect.provide(TestClock.layer()), Random.withSeed(options.seed ?? 1))
})
