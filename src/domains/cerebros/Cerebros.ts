/**
 * Learns how long each domain normally takes for a tick, and posts an anomaly on the blackboard when one is much slower. Use
 * it to read the anomalies or to act on them, as `Policy` does.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Cerebros } from "thunderline/domains"
 *
 * const slow = Cerebros.Cerebros.use((cerebros) => Effect.map(cerebros.anomalies, (all) => all.map(({ domain }) => domain)))
 * ```
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TickDispatcher, type TickHandled } from "../../supervision/TickDispatcher.ts"
import { Lanes } from "../thunderbolt/Lanes.ts"
import { Blackboard } from "../thunderflow/Blackboard.ts"
import { EventBuffer } from "../thunderflow/EventBuffer.ts"
import * as TickProfile from "./TickProfile.ts"

/**
 * A domain that handles its ticks much slower than it normally does. `since` is the tick at which it was found, `tick`
 * the newest at which it still was so; the medians are in milliseconds.
 */
export const Anomaly = Schema.Struct({
  domain: Schema.String,
  generation: Schema.Natural,
  since: Schema.Natural,
  tick: Schema.Natural,
  expectedMs: Schema.Finite,
  observedMs: Schema.Finite
})
export interface Anomaly extends Schema.Schema.Type<typeof Anomaly> {}

/** The key of an anomaly on the blackboard: this and the domain's name. */
export const factPrefix = "anomaly/"

/** Learns each domain's normal tick-handling time and posts the slow domains on the blackboard. */
export class Cerebros extends Context.Service<Cerebros, {
  /** Notes a handled tick; it is learned at the next `evaluate`. */
  readonly observe: (sample: TickHandled) => Effect.Effect<void>
  /**
   * Hands the noted ticks to a lane, which learns and judges them; returns at once. If the lane is full, they are kept and
   * learned with those of the next tick.
   */
  readonly evaluate: (tick: number) => Effect.Effect<void>
  /** The anomalies that are on the blackboard now, by domain. */
  readonly anomalies: Effect.Effect<ReadonlyArray<Anomaly>>
  /** The normal tick-handling time of a domain (median); none until enough ticks were learned. */
  readonly expected: (domain: string) => Effect.Effect<Option.Option<Duration.Duration>>
}>()("thunderline/domains/Cerebros") {}

/** The most ticks kept between two evaluations; the oldest are dropped. */
const maxPending = 10_000

const decode = Schema.decodeUnknownOption(Anomaly)

/**
 * `lane` (default `analysis`) does the work; `ttl` (default 10) is how many ticks an anomaly stays on the
 * blackboard after the last tick at which it was seen; `profile` says when a domain is slow.
 */
export const make = Effect.fnUntraced(function*(options?: {
  readonly lane?: string | undefined
  readonly ttl?: number | undefined
  readonly profile?: Partial<TickProfile.Settings> | undefined
}) {
  const lane = options?.lane ?? "analysis"
  const ttl = options?.ttl ?? 10
  const settings = { ...TickProfile.defaultSettings, ...options?.profile }
  const blackboard = yield* Blackboard
  const buffer = yield* EventBuffer
  const lanes = yield* Lanes
  const profiles = new Map<string, TickProfile.TickProfile>()
  const known = new Map<string, Anomaly>()
  let pending: Array<TickHandled> = []

  const note = (samples: ReadonlyArray<TickHandled>) => {
    pending = [...samples, ...pending].slice(-maxPending)
  }

  const learn = (sample: TickHandled) => {
    const profile = profiles.get(sample.domain) ?? TickProfile.make(settings)
    profiles.set(sample.domain, profile)
    profile.observe({ ...sample, durationMs: Duration.toMillis(sample.duration) })
  }

  const tell = Effect.fnUntraced(function*(sample: TickHandled) {
    const { domain, generation, tick } = sample
    const before = known.get(domain)
    const slowness = profiles.get(domain)!.slowness()
    if (slowness === undefined) {
      if (before === undefined) return
      known.delete(domain)
      yield* blackboard.retract(factPrefix + domain)
      yield* buffer.offer({ type: "cerebros.recovered", source: "cerebros", data: { domain, tick } })
      return
    }
    const anomaly: Anomaly = { domain, generation, since: before?.since ?? tick, tick, ...slowness }
    known.set(domain, anomaly)
    yield* blackboard.post(factPrefix + domain, { ...anomaly }, { ttl })
    if (before !== undefined) return
    yield* buffer.offer({ type: "cerebros.anomaly", source: "cerebros", data: { ...anomaly } })
  })

  const analyse = (samples: Array<TickHandled>) =>
    Effect.suspend(() => {
      // Removed first, so that a second attempt of the job does not learn them twice.
      const batch = samples.splice(0)
      batch.forEach(learn)
      const newest = new Map(batch.map((sample) => [sample.domain, sample]))
      return Effect.forEach(newest.values(), tell, { discard: true })
    })

  return Cerebros.of({
    observe: (sample) =>
      Effect.sync(() => {
        pending.push(sample)
        if (pending.length > maxPending) pending.shift()
      }),
    evaluate: Effect.fnUntraced(function*(tick) {
      if (pending.length === 0) return
      const samples = pending
      pending = []
      yield* lanes.submit(lane, `analysis of tick ${tick}`, analyse(samples)).pipe(
        Effect.catchTags({
          LaneFull: () => Effect.sync(() => note(samples)),
          JobInterrupted: () => Effect.void,
          UnknownLane: Effect.die
        })
      )
    }),
    anomalies: Effect.map(
      blackboard.facts(factPrefix),
      (facts) => facts.flatMap(({ value }) => Option.toArray(decode(value)))
    ),
    expected: (domain) =>
      Effect.sync(() => Option.map(Option.fromUndefinedOr(profiles.get(domain)?.expectedMs()), Duration.millis))
  })
})

/** {@link make} as a layer. */
export const layerWith = (options: {
  readonly lane?: string | undefined
  readonly ttl?: number | undefined
  readonly profile?: Partial<TickProfile.Settings> | undefined
}): Layer.Layer<Cerebros, never, Blackboard | EventBuffer | Lanes> => Layer.effect(Cerebros, make(options))

/** The same with its defaults. */
export const layer: Layer.Layer<Cerebros, never, Blackboard | EventBuffer | Lanes> = layerWith({})

/** Notes every tick that any domain has handled; the domain's worker. */
export const listen: Effect.Effect<void, never, Cerebros | TickDispatcher> = Effect.gen(function*() {
  const cerebros = yield* Cerebros
  const dispatcher = yield* TickDispatcher
  yield* Stream.runForEach(dispatcher.handled, cerebros.observe)
})
