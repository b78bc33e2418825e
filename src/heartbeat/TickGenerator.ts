/**
 * The heartbeat: sends numbered ticks, by the clock or by hand. Use it to read how the heart beats, or to send a tick in
 * a test. Domains hear of ticks through `onTick`; a `Schedule` is the better means for work that needs no supervision.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as CauseText from "../model/CauseText.ts"
import type { Tick } from "../model/Tick.ts"
import * as SafeTelemetry from "../telemetry/SafeTelemetry.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { DomainRegistry } from "./DomainRegistry.ts"
import { Heartbeat } from "./Heartbeat.ts"
import * as LatenessWindow from "./LatenessWindow.ts"
import { TickIngress } from "./TickIngress.ts"
import { TickNumberer } from "./TickNumberer.ts"
import * as TickSource from "./TickSource.ts"

/** The interval is not from 1 millisecond to 1 day. */
export class InvalidInterval extends Schema.TaggedError<InvalidInterval>()("InvalidInterval", {
  interval: Schema.String
}) {
  override get message() {
    return `The interval between ticks is ${this.interval}, it must be from 1 millisecond to 1 day`
  }
}

/** How the heart beats. Times are in milliseconds; lateness is over the last 1,024 ticks. */
export const TickStats = Schema.Struct({
  tickCount: Schema.Natural,
  slot: Schema.Natural,
  epoch: Schema.Natural,
  interval: Schema.Finite,
  uptime: Schema.Finite,
  startedAt: Schema.NullOr(Schema.DateTimeUtcFromString),
  lastTickAt: Schema.NullOr(Schema.DateTimeUtcFromString),
  lateness: Schema.Struct({ p50: Schema.Finite, p99: Schema.Finite, max: Schema.Finite }),
  skipped: Schema.Natural
})
export interface TickStats extends Schema.Schema.Type<typeof TickStats> {}

/**
 * The heartbeat.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { TickGenerator } from "thunderline"
 *
 * const program = Effect.gen(function*() {
 *   const generator = yield* TickGenerator.TickGenerator
 *   const { lateness } = yield* generator.stats
 *   yield* Effect.log(`Tick ${generator.currentTick()}, ${lateness.p99} ms late at the 99th percentile`)
 * })
 * ```
 */
export class TickGenerator extends Context.Service<TickGenerator, {
  /** Sends a tick now, out of turn. */
  readonly emit: Effect.Effect<Tick>
  readonly stats: Effect.Effect<TickStats>
  /** The count of the newest tick without an Effect, for hot paths; 0 before the first. */
  readonly currentTick: () => number
}>()("thunderline/TickGenerator") {}

/** How to set the heartbeat; everything has a default. */
export interface TickGeneratorOptions {
  /** The time between two ticks (default 1 second). */
  readonly interval?: Duration.Input | undefined
  /** When tick 1 comes: after one interval (default) or at once. */
  readonly firstTick?: "interval" | "immediate" | undefined
  /**
   * What the app adds to each tick's metadata, called for each tick. What throws or cannot be written as JSON is logged and
   * left out.
   */
  readonly metadata?: (() => Schema.JsonObject) | undefined
}

/** The time between two ticks, if a heart can beat at it; 1 second when it is not given. */
export const checkInterval = (
  interval: Duration.Input = "1 second"
): Effect.Effect<Duration.Duration, InvalidInterval> =>
  Effect.fromOption(
    Option.filter(
      Duration.fromInput(interval),
      Duration.between({ minimum: Duration.millis(1), maximum: Duration.days(1) })
    ),
    () => new InvalidInterval({ interval: String(interval) })
  )

/** What the app adds to a tick, and how many domains are active. */
const makeMetadata = Effect.fnUntraced(function*(given: TickGeneratorOptions["metadata"]) {
  const registry = yield* DomainRegistry
  return Effect.flatMap(registry.activeCount, (activeDomains) => {
    if (given === undefined) return Effect.succeed({ activeDomains })
    try {
      // A copy: what is read of it later cannot throw, and is what a JSON document can hold.
      return Effect.succeed({ ...JSON.parse(JSON.stringify(given())), activeDomains })
    } catch (defect) {
      const line = Effect.logWarning("[TickGenerator] The app's metadata threw", CauseText.toError(defect))
      return Effect.as(line, { activeDomains })
    }
  })
})

/** Sends one tick after the other, each numbered and accepted before the next is numbered. */
const makeSender = Effect.fnUntraced(function*(interval: Duration.Duration, options: TickGeneratorOptions | undefined) {
  const clock = yield* Clock.Clock
  const ingress = yield* TickIngress
  const numberer = yield* TickNumberer
  const metadata = yield* makeMetadata(options?.metadata)
  const everyTick = yield* Spans.everyTick
  const context = yield* Effect.context<never>()
  const ticks = Telemetry.counter("thunderline.ticks")
  const latenesses = Telemetry.histogram("thunderline.tick.lateness")
  const window = LatenessWindow.make()
  const turn = Semaphore.makeUnsafe(1)
  let last: Tick | undefined

  const send = Effect.fnUntraced(function*(slot: number, lateness: Duration.Duration) {
    const tick: Tick = {
      ...(yield* numberer.next),
      slot,
      timestamp: DateTime.makeUnsafe(clock.currentTimeMillisUnsafe()),
      lateness,
      interval,
      metadata: yield* metadata
    }
    last = tick
    window.add(Duration.toMillis(lateness))
    // Before it is published: its span may be asked for at once.
    Spans.tickSent(tick, clock.currentTimeNanosUnsafe())
    yield* ingress.accept(tick)
    if (everyTick) yield* Spans.ofTick(tick)
    Telemetry.update(ticks, 1, context)
    Telemetry.update(latenesses, Duration.toSeconds(lateness), context)
    return tick
  }, (send) => Effect.uninterruptible(turn.withPermits(1)(send)))
  return { send, last: () => last, lateness: window.quantiles }
})

const make = Effect.fnUntraced(function*(options: TickGeneratorOptions | undefined, kind: "clock" | "manual") {
  const interval = yield* checkInterval(options?.interval)
  const clock = yield* Clock.Clock
  const sender = yield* makeSender(interval, options)
  let slot = 0
  let skipped = 0
  let started: { readonly at: DateTime.Utc; readonly monotonic: bigint } | undefined
  yield* Telemetry.observe("thunderline.ticks.skipped", () => skipped)

  const source = kind === "manual"
    ? TickSource.manual
    : TickSource.clock({ interval, firstTick: options?.firstTick ?? "interval" })
  const start = Effect.suspend(() => {
    const monotonic = clock.monotonicTimeNanosUnsafe()
    started = { at: DateTime.makeUnsafe(clock.currentTimeMillisUnsafe()), monotonic }
    return source.start({
      send: (due, lateness) => {
        slot = due
        return sender.send(due, lateness)
      },
      skip: (slots) => {
        skipped += slots
      }
    })
  })
  const generator = TickGenerator.of({
    emit: Effect.suspend(() => {
      if (kind === "manual") slot++
      return SafeTelemetry.protect(sender.send(slot, Duration.zero))
    }),
    currentTick: () => sender.last()?.count ?? 0,
    stats: Effect.sync(() => {
      const last = sender.last()
      return {
        tickCount: last?.count ?? 0,
        slot,
        epoch: last?.epoch ?? 1,
        interval: Duration.toMillis(interval),
        uptime: started === undefined ? 0 : Number(clock.monotonicTimeNanosUnsafe() - started.monotonic) / 1e6,
        startedAt: started?.at ?? null,
        lastTickAt: last?.timestamp ?? null,
        lateness: sender.lateness(),
        skipped
      }
    })
  })
  return Context.make(TickGenerator, generator).pipe(Context.add(Heartbeat, { start }))
})

/** A heartbeat on the monotonic clock; see `TickSource.clock`. */
export const layer = (
  options?: TickGeneratorOptions
): Layer.Layer<TickGenerator | Heartbeat, InvalidInterval, TickIngress | TickNumberer | DomainRegistry> =>
  Layer.effectContext(make(options, "clock"))

/** A heartbeat by hand: only `emit` sends a tick. For tests. */
export const layerManual = (
  options?: TickGeneratorOptions
): Layer.Layer<TickGenerator | Heartbeat, InvalidInterval, TickIngress | TickNumberer | DomainRegistry> =>
  Layer.effectContext(make(options, "manual"))
