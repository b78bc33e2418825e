import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { DomainHealth } from "../model/DomainHealth.ts"
import type { Tick } from "../model/Tick.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { Generation } from "./Generation.ts"
import { isSuspended } from "./Watchdog.ts"

/** A domain has left its ticks unanswered. */
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

/** One generation's ticks: at most one call at a time, and at most one tick that waits, the newest. */
export interface TickReceiver {
  readonly health: () => DomainHealth
  readonly deliver: (tick: Tick) => void
  /** Takes no more ticks; the call under way ends with the generation. */
  readonly stop: () => void
}

/** The receivers of the active domains, for the supervisor alone. */
export class TickReceivers extends Context.Service<TickReceivers, {
  /** A receiver for a generation, which gets every tick from now on until it is stopped. */
  readonly attach: (generation: Generation) => TickReceiver
  /** Hands a tick to all receivers. */
  readonly deliver: (tick: Tick) => void
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

/** What receivers share. */
export interface Options {
  readonly clock: Clock.Clock
  readonly context: Context.Context<never>
  /** Whether every call of `onTick` is a span. */
  readonly everyTick: boolean
  readonly handled: (handled: TickHandled) => void
}

/** A receiver for one generation of a domain with an `onTick`. */
export const make = (generation: Generation, { clock, context, everyTick, handled }: Options): TickReceiver => {
  const { domain } = generation
  const attributes = { [Telemetry.attribute.domain]: domain.name }
  const durations = Telemetry.histogram("thunderline.domain.tick.duration", attributes)
  const coalescings = Telemetry.counter("thunderline.domain.ticks.coalesced", attributes)
  let running: { readonly tick: Tick } | undefined
  let waiting: Tick | undefined
  let coalesced = 0
  let unanswered = 0

  const answered = (tick: Tick, skipped: number, nanos: bigint) => {
    unanswered = 0
    Telemetry.update(durations, Number(nanos) / 1e9, context)
    handled({
      domain: domain.name,
      generation: generation.number,
      tick: tick.count,
      duration: Duration.nanos(nanos),
      coalesced: skipped
    })
    if (waiting === undefined) return
    const newest = waiting
    waiting = undefined
    call(newest)
  }

  const call = (tick: Tick) => {
    const skipped = coalesced
    const started = clock.monotonicTimeNanosUnsafe()
    const current = { tick }
    coalesced = 0
    running = current
    const fiber = generation.fork(
      Effect.suspend(() => domain.onTick!(tick)).pipe(
        Effect.scoped,
        Effect.annotateLogs("tick", tick.count),
        everyTick ? tracedTick(generation, tick) : identity
      )
    )
    generation.track(fiber)
    fiber.addObserver((exit) => {
      if (running !== current) return
      running = undefined
      if (Exit.isSuccess(exit)) return answered(tick, skipped, clock.monotonicTimeNanosUnsafe() - started)
      waiting = undefined
      if (generation.hasEnded && Cause.hasInterruptsOnly(exit.cause)) return
      generation.onFailure({ cause: exit.cause, metadata: { tick: tick.count } })
    })
  }

  return {
    health: () => unanswered === 0 ? "healthy" : unanswered < domain.maxMissedTicks ? "suspect" : "silent",
    deliver: (tick) => {
      if (running === undefined) return call(tick)
      if (waiting !== undefined) {
        coalesced++
        Telemetry.update(coalescings, 1, context)
      }
      waiting = tick
      if (isSuspended(tick)) return
      unanswered++
      if (unanswered !== domain.maxMissedTicks) return
      const silent = new DomainSilent({ domain: domain.name, tick: running.tick.count, unanswered })
      generation.onFailure({ cause: Cause.fail(silent), metadata: { tick: tick.count } })
    },
    stop: () => {
      running = undefined
      waiting = undefined
    }
  }
}
