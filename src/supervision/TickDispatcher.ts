import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { DomainHealth } from "../model/DomainHealth.ts"
import type { Tick } from "../model/Tick.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { Generation } from "./Generation.ts"
import { isSuspended } from "./Watchdog.ts"

/** A domain left its ticks unanswered and is taken for dead. */
export class DomainSilent extends Schema.TaggedError<DomainSilent>()("DomainSilent", {
  domain: Schema.String,
  tick: Schema.Natural,
  unanswered: Schema.Natural
}) {
  override get message() {
    return `Domain ${this.domain} has not answered tick ${this.tick}, nor the ${this.unanswered - 1} after it`
  }
}

/** One call of a domain's `onTick` that succeeded. */
export interface TickHandled {
  readonly domain: string
  readonly generation: number
  /** The tick's count. */
  readonly tick: number
  readonly duration: Duration.Duration
  /** How many ticks before this one were skipped because the domain was still busy. */
  readonly coalesced: number
}

/** Hands each tick to the active domains that have an `onTick`. */
export class TickDispatcher extends Context.Service<TickDispatcher, {
  /** Every handled tick from now on; a slow reader loses the oldest. */
  readonly handled: Stream.Stream<TickHandled>
}>()("thunderline/TickDispatcher") {}

/** One generation's ticks: at most one call at a time, and at most one tick that waits, the newest. */
export interface TickReceiver {
  readonly health: () => DomainHealth
  readonly deliver: (tick: Tick) => void
  /** Takes no more ticks; the call under way ends with the generation. */
  readonly stop: () => void
}

/** Makes the receivers, for the supervisor alone. */
export class TickReceivers extends Context.Service<TickReceivers, {
  readonly make: (generation: Generation) => TickReceiver
}>()("thunderline/TickDispatcher/TickReceivers") {}

const tracedTick = ({ domain, number }: Generation, tick: Tick) => <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.flatMap(Spans.ofTick(tick), (parent) =>
    Effect.withSpan(effect, "Domain.tick", {
      parent: Option.getOrUndefined(parent),
      root: Option.isNone(parent),
      level: "Debug",
      attributes: {
        [Telemetry.attribute.domain]: domain.name,
        [Telemetry.attribute.generation]: number,
        [Telemetry.attribute.tick]: tick.count
      },
      captureStackTrace: false
    }))

const make = Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const everyTick = yield* Spans.everyTick
  const pubsub = yield* Effect.acquireRelease(PubSub.sliding<TickHandled>(4096), PubSub.shutdown)

  // The plain publish is the cheap one, and refuses only when a slow reader has to lose its oldest.
  const services = yield* Effect.context<never>()
  const report = (handled: TickHandled) => {
    if (!PubSub.publishUnsafe(pubsub, handled)) Effect.runForkWith(services)(PubSub.publish(pubsub, handled))
  }

  const makeReceiver = (generation: Generation): TickReceiver => {
    const { domain, onFailure } = generation
    const attributes = { [Telemetry.attribute.domain]: domain.name }
    const durations = Telemetry.histogram("thunderline.domain.tick.duration", attributes)
    const coalescings = Telemetry.counter("thunderline.domain.ticks.coalesced", attributes)
    let running: { readonly tick: Tick } | undefined
    let waiting: Tick | undefined
    let coalesced = 0
    let unanswered = 0

    const run = (tick: Tick) => {
      const skipped = coalesced
      const started = clock.monotonicTimeNanosUnsafe()
      const call = { tick }
      coalesced = 0
      running = call
      const fiber = generation.fork(
        Effect.suspend(() => domain.onTick!(tick)).pipe(
          Effect.scoped,
          Effect.annotateLogs("tick", tick.count),
          everyTick ? tracedTick(generation, tick) : identity
        )
      )
      generation.track(fiber)
      fiber.addObserver((exit) => {
        if (running !== call) return
        running = undefined
        if (Exit.isFailure(exit)) {
          waiting = undefined
          if (!Cause.hasInterruptsOnly(exit.cause)) onFailure({ cause: exit.cause, metadata: { tick: tick.count } })
          return
        }
        unanswered = 0
        const nanos = clock.monotonicTimeNanosUnsafe() - started
        const duration = Duration.nanos(nanos)
        durations.updateUnsafe(Number(nanos) / 1e9, services)
        report({
          domain: domain.name,
          generation: generation.number,
          tick: tick.count,
          duration,
          coalesced: skipped
        })
        if (waiting !== undefined) {
          const newest = waiting
          waiting = undefined
          run(newest)
        }
      })
    }

    return {
      health: () => unanswered === 0 ? "healthy" : unanswered < domain.maxMissedTicks ? "suspect" : "silent",
      deliver: (tick) => {
        if (running === undefined) return run(tick)
        if (waiting !== undefined) {
          coalesced++
          coalescings.updateUnsafe(1, services)
        }
        waiting = tick
        if (isSuspended(tick)) return
        unanswered++
        if (unanswered === domain.maxMissedTicks) {
          const silent = new DomainSilent({ domain: domain.name, tick: running.tick.count, unanswered })
          onFailure({ cause: Cause.fail(silent), metadata: { tick: tick.count } })
        }
      },
      stop: () => {
        running = undefined
        waiting = undefined
      }
    }
  }

  return Context.make(TickDispatcher, { handled: Stream.fromPubSub(pubsub) }).pipe(
    Context.add(TickReceivers, { make: makeReceiver })
  )
})

export const layer: Layer.Layer<TickDispatcher | TickReceivers> = Layer.effectContext(make)
