import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { Tick } from "../model/Tick.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { DomainRegistry } from "./DomainRegistry.ts"
import { SystemPubSub } from "./SystemPubSub.ts"

/** An interval that no heart can beat at. */
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
 * The heartbeat. It is built before the domains and starts only when all of them wait, so that none can miss tick 1.
 */
export class TickGenerator extends Context.Service<TickGenerator, {
  /** Starts the beat, which ends with the scope. With `layerManual`, nothing beats by itself. */
  readonly start: Effect.Effect<void, never, Scope.Scope>
  /** Sends a tick now, out of turn. */
  readonly emit: Effect.Effect<Tick>
  readonly stats: Effect.Effect<TickStats>
}>()("thunderline/TickGenerator") {}

/** How to set the heartbeat; everything has a default. */
export interface TickGeneratorOptions {
  /** The time between two ticks (default 1 second). */
  readonly interval?: Duration.Input | undefined
  /** When tick 1 comes: after one interval (default) or at once. */
  readonly firstTick?: "interval" | "immediate" | undefined
  /** What the app adds to each tick's metadata; called for each tick, a throw is logged and leaves it out. */
  readonly metadata?: (() => Schema.JsonObject) | undefined
}

const latenessWindow = 1024

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

const make = Effect.fnUntraced(function*(options: TickGeneratorOptions | undefined, beat: "clock" | "manual") {
  const interval = yield* checkInterval(options?.interval)
  const intervalMs = Duration.toMillis(interval)
  const clock = yield* Clock.Clock
  const registry = yield* DomainRegistry
  const pubsub = yield* SystemPubSub
  const everyTick = yield* Spans.everyTick
  const context = yield* Effect.context<never>()
  const ticks = Telemetry.counter("thunderline.ticks")
  const latenesses = Telemetry.histogram("thunderline.tick.lateness")
  const lateness = new Float64Array(latenessWindow)
  let count = 0
  let slot = 0
  let skipped = 0
  let startedAt: DateTime.Utc | undefined
  let started: bigint | undefined
  let lastTickAt: DateTime.Utc | undefined
  yield* Telemetry.observe("thunderline.ticks.skipped", () => skipped)

  const metadata = (activeDomains: number) => {
    try {
      return Effect.succeed({ ...options?.metadata?.(), activeDomains })
    } catch (defect) {
      return Effect.as(Effect.logWarning("[TickGenerator] The app's metadata threw", defect), { activeDomains })
    }
  }

  // Counted and published before the next is counted: nobody sees a count go back, none is counted and not sent.
  const sending = Semaphore.makeUnsafe(1)
  const send = Effect.fnUntraced(function*(latenessMs: number) {
    lateness[count % latenessWindow] = latenessMs
    lastTickAt = DateTime.makeUnsafe(clock.currentTimeMillisUnsafe())
    const tick: Tick = {
      count: ++count,
      slot,
      epoch: 1,
      timestamp: lastTickAt,
      lateness: Duration.millis(latenessMs),
      interval,
      metadata: yield* metadata(yield* registry.activeCount)
    }
    const start = clock.currentTimeNanosUnsafe()
    // Before it is published: whoever hears of it may ask for its span.
    Spans.tickSent(tick, start)
    yield* pubsub.publish("system:domain_tick", tick)
    if (everyTick) yield* Spans.ofTick(tick)
    ticks.updateUnsafe(1, context)
    latenesses.updateUnsafe(latenessMs / 1_000, context)
    return tick
  }, (send) => Effect.uninterruptible(sending.withPermits(1)(send)))

  // Slot n is due at start + n intervals on the monotonic clock, whatever the beats before it cost.
  const loop = Effect.gen(function*() {
    const start = clock.monotonicTimeNanosUnsafe()
    let next = options?.firstTick === "immediate" ? 0 : 1
    while (true) {
      const elapsed = Number(clock.monotonicTimeNanosUnsafe() - start) / 1e6
      const early = next * intervalMs - elapsed
      if (early > 0) {
        yield* Effect.sleep(Duration.millis(early))
        continue
      }
      const missed = Math.floor(-early / intervalMs)
      skipped += missed
      slot = next + missed
      next = slot + 1
      yield* send(elapsed - slot * intervalMs)
    }
  })

  return TickGenerator.of({
    start: Effect.gen(function*() {
      startedAt = yield* DateTime.now
      started = clock.monotonicTimeNanosUnsafe()
      if (beat === "manual") return
      yield* Effect.log(`[TickGenerator] Started with ${intervalMs}ms interval`).pipe(
        Telemetry.event("thunderline.heartbeat.started")
      )
      yield* Effect.forkScoped(loop, { startImmediately: true })
    }),
    emit: Effect.suspend(() => {
      if (beat === "manual") slot++
      return send(0)
    }),
    stats: Effect.sync(() => {
      const sorted = lateness.slice(0, Math.min(count, latenessWindow)).sort()
      const at = (quantile: number) => sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? 0
      return {
        tickCount: count,
        slot,
        epoch: 1,
        interval: intervalMs,
        uptime: started === undefined ? 0 : Number(clock.monotonicTimeNanosUnsafe() - started) / 1e6,
        startedAt: startedAt ?? null,
        lastTickAt: lastTickAt ?? null,
        lateness: { p50: at(0.5), p99: at(0.99), max: at(1) },
        skipped
      }
    })
  })
})

/**
 * A heartbeat on the monotonic clock: slot n is due at start + n intervals, so it never drifts. A beat that could not be
 * sent within its interval is skipped and counted, not sent in a burst.
 */
export const layer = (
  options?: TickGeneratorOptions
): Layer.Layer<TickGenerator, InvalidInterval, SystemPubSub | DomainRegistry> =>
  Layer.effect(TickGenerator, make(options, "clock"))

/** A heartbeat by hand: only `emit` sends a tick. For tests. */
export const layerManual = (
  options?: TickGeneratorOptions
): Layer.Layer<TickGenerator, InvalidInterval, SystemPubSub | DomainRegistry> =>
  Layer.effect(TickGenerator, make(options, "manual"))
