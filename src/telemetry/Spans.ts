import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { attempt } from "../model/ForeignValue.ts"
import type { Tick } from "../model/Tick.ts"
import * as SafeTelemetry from "./SafeTelemetry.ts"
import { attribute } from "./Telemetry.ts"

/** When the ticks of this process were sent, then their spans; kept as long as the tick is. */
const sent = new WeakMap<Tick, bigint | Tracer.Span>()

/** Whether every tick shall be a span: `References.MinimumTraceLevel` was set to `Debug` or lower, by name. */
export const everyTick: Effect.Effect<boolean> = Effect.map(
  Tracer.MinimumTraceLevel,
  (level) => level === "Debug" || level === "Trace"
)

/** Keeps what is needed to make the span of a tick afterwards, if anything comes of the tick. */
export const tickSent = (tick: Tick, at: bigint): void => void sent.set(tick, at)

/**
 * The span of a tick, made when it is first asked for: a tick that nothing came of leaves none, so that a day of
 * heartbeats is not a day of spans. None for a tick that another process has sent.
 */
export const ofTick = (tick: Tick): Effect.Effect<Option.Option<Tracer.Span>> =>
  Effect.gen(function*() {
    const known = sent.get(tick)
    if (known === undefined) return Option.none()
    if (typeof known === "object") return Option.some(known)
    const span = SafeTelemetry.tracer(yield* Tracer.Tracer).span({
      name: "TickGenerator.tick",
      parent: Option.none(),
      annotations: Context.empty(),
      links: [],
      startTime: known,
      kind: "producer",
      root: true,
      sampled: true
    })
    span.attribute(attribute.tick, tick.count)
    span.attribute(attribute.epoch, tick.epoch)
    end(span, yield* Clock.Clock, Exit.void)
    sent.set(tick, span)
    return Option.some(span)
  })

/** Links to what has been recorded: a link to an unsampled span leads nowhere. */
export const linksTo = (span: Tracer.AnySpan | undefined): ReadonlyArray<Tracer.SpanLink> =>
  span !== undefined && span.sampled ? [{ span, attributes: {} }] : []

/** Runs an effect under a span that was begun before, and ends the span with it. */
export const within = (span: Tracer.Span) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => Effect.onExit(under(span)(effect), (exit) => Effect.sync(() => end(span, clock, exit))))

/** Runs an effect under a span without ending it. */
export const under = (span: Tracer.AnySpan) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Tracer.ParentSpan, span)

/** Ends a span, once; what users' tracer throws is dropped. */
export const end = (span: Tracer.Span, clock: Clock.Clock, exit: Exit.Exit<unknown, unknown>): void =>
  attempt(() => span.end(clock.currentTimeNanosUnsafe(), exit), undefined)
