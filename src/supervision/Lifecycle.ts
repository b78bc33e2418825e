import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import type { Transition, Transitions } from "../heartbeat/DomainRegistry.ts"
import type { DomainNode } from "../model/DomainGraph.ts"
import type { Opening, Reason, StatusName } from "../model/DomainStatus.ts"
import type { Tick } from "../model/Tick.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { CurrentRun } from "../trail/CurrentRun.ts"
import * as Generation from "./Generation.ts"
import * as RestartBudget from "./RestartBudget.ts"
import type { TickReceiver, TickReceivers } from "./TickDispatcher.ts"

/** One domain and everything that is there of it at run time. */
export interface Slot {
  readonly node: DomainNode
  readonly budget: RestartBudget.RestartBudget
  readonly activations: Metric.Histogram<number>
  readonly restarts: Metric.Counter<number>
  /** What the domain's fiber waits on while it is `waiting`. */
  gate: Deferred.Deferred<Generation.Generation>
  fiber: Fiber.Fiber<void> | undefined
  /** The tick at which its activation tick was reached. */
  reached: Tick | undefined
  /** The generation that is being built or runs. */
  generation: Generation.Generation | undefined
  /** The span of the newest activation. */
  span: Tracer.Span | undefined
  receiver: TickReceiver | undefined
  /** On the monotonic clock, in milliseconds. */
  activeSince: number | undefined
  /** Completes when the generation before is closed or left behind. */
  closing: Deferred.Deferred<void> | undefined
  backoff: Fiber.Fiber<void> | undefined
}

/** What comes back from the fibers of a domain, for the supervisor to act on. */
export type Report = Data.TaggedEnum<{
  Built: {
    readonly slot: Slot
    readonly generation: Generation.Generation
    readonly exit: Exit.Exit<void, unknown>
    readonly durationMs: number
  }
  Failed: { readonly slot: Slot; readonly generation: Generation.Generation; readonly failure: Generation.Failure }
  Closed: {
    readonly slot: Slot
    readonly closing: Generation.Closing
    readonly span: Tracer.Span
    readonly done: Deferred.Deferred<void>
    readonly durationMs: number
  }
  BackoffElapsed: { readonly slot: Slot; readonly fiber: Fiber.Fiber<void> }
}>
export const Report = Data.taggedEnum<Report>()

/** Where in the traces a transition is found. */
export type Traced = Pick<Transition, "traceId" | "spanId">

/** The activation that a domain is in, or has come from. */
export const traced = ({ span }: Slot): Traced => ({ traceId: span?.traceId, spanId: span?.spanId })
/** How a domain begins its lines in the log. */
export const label = ({ node: { domain: { name } } }: Slot): string => `[${name[0]!.toUpperCase()}${name.slice(1)}]`

/** Logs a line of a domain, with its name and a tick. */
export const log = (slot: Slot, message: string, tick: number): Effect.Effect<void> =>
  Effect.logInfo(`${label(slot)} ${message}`).pipe(Effect.annotateLogs({ domain: slot.node.domain.name, tick }))

const tickZero = (timestamp: number): Tick => ({
  count: 0,
  slot: 0,
  epoch: 1,
  timestamp: DateTime.makeUnsafe(timestamp),
  lateness: Duration.zero,
  interval: Duration.zero,
  metadata: { activeDomains: 0 }
})

/**
 * The mechanics of domains' lives: their gates, their generations, their ends. It decides nothing: the supervisor
 * commits a transition first, then has it carried out here, and hears of the outcome by a report.
 */
export interface Lifecycle {
  readonly slots: ReadonlyArray<Slot>
  readonly slotOf: (node: DomainNode) => Slot
  readonly status: (slot: Slot) => StatusName
  readonly tickNow: () => Tick
  /** Those with an `onTick` that take ticks now. */
  readonly receivers: ReadonlySet<TickReceiver>
  /** Gives the domain a new gate and a fiber that waits on it. */
  readonly arm: (slot: Slot) => void
  /** Where the gate stands: why it is open, or `undefined`. */
  readonly gate: (slot: Slot, opener: "dependency" | "now") => Opening | undefined
  /** Begins the span of the activation that an opening is about to be committed for, which it returns for the trail. */
  readonly begin: (slot: Slot, opening: Opening) => Effect.Effect<Traced>
  /** Starts the generation that an opening has just been committed for. */
  readonly enter: (slot: Slot, opening: Opening) => void
  /** Starts the workers and the ticks of a generation that has just become active. */
  readonly start: (slot: Slot) => void
  /** Lets the budget know how long the domain has been active. */
  readonly rest: (slot: Slot) => void
  /** Ends the generation of a domain that has just left `activating` or `active`, after those that wait for it. */
  readonly close: (slot: Slot, reason: Reason, exit?: Exit.Exit<unknown, unknown>) => void
  /** Lets whatever waits for the end of a generation go on. */
  readonly closed: (slot: Slot, done: Deferred.Deferred<void>) => void
  /** How many generations are being closed. */
  readonly closing: () => number
  /** Ends the fiber of a domain that has just left `waiting`. */
  readonly disarm: (slot: Slot) => void
  readonly backOff: (slot: Slot, delay: Duration.Duration) => void
  readonly cancelBackOff: (slot: Slot) => void
}

/**
 * `services` is the application's context, `environment` the same with what domains get from the supervisor itself.
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly nodes: ReadonlyArray<DomainNode>
  readonly transitions: Transitions["Service"]
  readonly tickReceivers: TickReceivers["Service"]
  readonly services: Context.Context<never>
  readonly environment: Context.Context<never>
  readonly report: (report: Report) => void
}): Effect.fn.Return<Lifecycle, never, Scope.Scope | CurrentRun> {
  const { environment, nodes, report, services, tickReceivers, transitions } = options
  const scope = yield* Effect.scope
  const clock = yield* Clock.Clock
  const { runId } = yield* CurrentRun
  const receivers = new Set<TickReceiver>()
  let closing = 0
  const slots = nodes.map((node): Slot => ({
    node,
    budget: RestartBudget.make(node.domain.restart),
    activations: Telemetry.histogram("thunderline.domain.activation.duration", {
      [Telemetry.attribute.domain]: node.domain.name,
      [Telemetry.attribute.status]: "active"
    }),
    restarts: Telemetry.counter("thunderline.domain.restarts", {
      [Telemetry.attribute.domain]: node.domain.name
    }),
    gate: Deferred.makeUnsafe(),
    fiber: undefined,
    reached: undefined,
    generation: undefined,
    span: undefined,
    receiver: undefined,
    activeSince: undefined,
    closing: undefined,
    backoff: undefined
  }))
  const byNode = new Map(slots.map((slot) => [slot.node, slot]))
  const slotOf = (node: DomainNode) => byNode.get(node)!
  const status = (slot: Slot) => transitions.status(slot.node)._tag
  const tickNow = () => transitions.currentTick() ?? tickZero(clock.currentTimeMillisUnsafe())
  const monotonicMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const millisSince = (start: bigint) => Number(clock.monotonicTimeNanosUnsafe() - start) / 1e6
  const run = Effect.runForkWith(services)

  const activate = Effect.fnUntraced(function*(slot: Slot, generation: Generation.Generation) {
    const tick = generation.opening.tick.count
    if (generation.number === 1 && tick > 0) yield* log(slot, `Received first tick ${tick}, activating...`, tick)
    yield* Telemetry.event("thunderline.domain.activating")(log(slot, `Activating at tick ${tick}`, tick))
    if (slot.closing !== undefined) yield* Deferred.await(slot.closing)
    const start = clock.monotonicTimeNanosUnsafe()
    const exit = yield* Effect.exit(generation.build)
    // Before it is reported: what follows from it starts later than it ended.
    generation.span.end(clock.currentTimeNanosUnsafe(), exit)
    report(Report.Built({ slot, generation, exit, durationMs: millisSince(start) }))
  })

  const life = (slot: Slot) =>
    Effect.flatMap(
      Deferred.await(slot.gate),
      (generation) => Spans.within(generation.span)(activate(slot, generation))
    )

  const attributes = (slot: Slot, opening: Opening, generation: number) => ({
    [Telemetry.attribute.domain]: slot.node.domain.name,
    [Telemetry.attribute.generation]: generation,
    [Telemetry.attribute.tick]: opening.tick.count,
    [Telemetry.attribute.epoch]: opening.tick.epoch,
    [Telemetry.attribute.wave]: opening.wave,
    [Telemetry.attribute.run]: runId
  })

  const rest = (slot: Slot) => {
    if (slot.activeSince === undefined) return
    slot.budget.wasActive(monotonicMs() - slot.activeSince)
    slot.activeSince = undefined
  }

  return {
    rest,
    slots,
    slotOf,
    status,
    tickNow,
    receivers,
    arm: (slot) => {
      slot.gate = Deferred.makeUnsafe()
      slot.fiber = run(life(slot))
      Fiber.runIn(slot.fiber, scope)
    },
    disarm: (slot) => slot.fiber?.interruptUnsafe(),
    // What a dependency opens belongs to the tick that opened the dependency, in the wave after it, however long the
    // dependency took; everything else belongs to the tick of now.
    gate: (slot, opener) => {
      if (slot.reached === undefined) return undefined
      const awaited = slot.node.awaits.map(slotOf)
      if (!awaited.every((other) => status(other) === "active")) return undefined
      const openings = awaited.map((other) => other.generation!.opening)
      let tick = opener === "dependency" ? slot.reached : tickNow()
      for (const opening of openings) if (opening.tick.count > tick.count) tick = opening.tick
      let wave = 0
      for (const opening of openings) if (opening.tick.count === tick.count) wave = Math.max(wave, opening.wave + 1)
      return { tick, wave }
    },
    begin: Effect.fnUntraced(function*(slot, opening) {
      const tick = yield* Spans.ofTick(opening.tick)
      slot.span = yield* Effect.makeSpan("Domain.activate", {
        root: true,
        links: Spans.linksTo(Option.getOrUndefined(tick)),
        attributes: attributes(slot, opening, transitions.generation(slot.node) + 1)
      })
      return traced(slot)
    }),
    enter: (slot, opening) => {
      const generation: Generation.Generation = Generation.make({
        domain: slot.node.domain,
        number: transitions.generation(slot.node),
        opening,
        span: slot.span!,
        environment: Context.mergeAll(
          environment,
          ...slot.node.dependsOn.map((other) => slotOf(other).generation!.services())
        ),
        onFailure: (failure) => report(Report.Failed({ slot, generation, failure }))
      })
      slot.generation = generation
      Deferred.doneUnsafe(slot.gate, Exit.succeed(generation))
    },
    start: (slot) => {
      const generation = slot.generation!
      slot.activeSince = monotonicMs()
      if (generation.domain.onTick !== undefined) {
        slot.receiver = tickReceivers.make(generation)
        receivers.add(slot.receiver)
        transitions.healthFrom(slot.node, slot.receiver.health)
      }
      generation.start()
    },
    close: (slot, reason, exit = Exit.void) => {
      const generation = slot.generation!
      const done = Deferred.makeUnsafe<void>()
      const before = [slot, ...slot.node.followers.map(slotOf)]
        .flatMap(({ closing }) => closing === undefined ? [] : [closing])
      slot.fiber?.interruptUnsafe()
      slot.receiver?.stop()
      if (slot.receiver !== undefined) {
        receivers.delete(slot.receiver)
        transitions.healthFrom(slot.node, undefined)
      }
      slot.generation = undefined
      slot.receiver = undefined
      slot.closing = done
      closing++
      rest(slot)
      run(Effect.gen(function*() {
        for (const closing of before) yield* Deferred.await(closing)
        const start = clock.monotonicTimeNanosUnsafe()
        const span = yield* Effect.makeSpan("Domain.deactivate", {
          root: true,
          links: Spans.linksTo(generation.span),
          attributes: {
            ...attributes(slot, generation.opening, generation.number),
            [Telemetry.attribute.reason]: reason
          }
        })
        const closing = yield* generation.close(reason, exit, span)
        span.end(
          clock.currentTimeNanosUnsafe(),
          closing.cause === undefined ? Exit.void : Exit.failCause(closing.cause)
        )
        report(Report.Closed({ slot, closing, span, done, durationMs: millisSince(start) }))
      }))
    },
    closed: (slot, done) => {
      if (slot.closing === done) slot.closing = undefined
      closing--
      Deferred.doneUnsafe(done, Effect.void)
    },
    closing: () => closing,
    backOff: (slot, delay) => {
      const fiber = run(Effect.sleep(delay))
      slot.backoff = fiber
      fiber.addObserver((exit) => {
        if (Exit.isSuccess(exit)) report(Report.BackoffElapsed({ slot, fiber }))
      })
    },
    cancelBackOff: (slot) => {
      slot.backoff?.interruptUnsafe()
      slot.backoff = undefined
    }
  }
})
