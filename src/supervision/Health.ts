/**
 * Liveness, readiness and start-up of the application, each with its reason. Use it to answer a platform's probes from a
 * server of your own; the control plane answers them already.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Health } from "thunderline"
 *
 * const program = Effect.gen(function*() {
 *   const health = yield* Health.Health
 *   const { reason, status } = yield* health.ready
 *   yield* Effect.log(`${status}: ${reason}`)
 * })
 * ```
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Schema from "effect/Schema"
import { DomainRegistry, type DomainView } from "../heartbeat/DomainRegistry.ts"
import { SystemPubSub } from "../heartbeat/SystemPubSub.ts"
import { TickGenerator } from "../heartbeat/TickGenerator.ts"
import * as DomainStanding from "../model/DomainStanding.ts"
import type { Tick } from "../model/Tick.ts"
import { Exporter } from "../telemetry/Exporter.ts"
import * as Loop from "../telemetry/Loop.ts"
import { Outbox } from "../trail/Outbox.ts"
import { ShutdownNotice } from "./ShutdownNotice.ts"

const fields = {
  /** Why, in one sentence. */
  reason: Schema.String,
  /** The count of the newest tick, 0 before the first. */
  tick: Schema.Natural,
  /** What is not as it should be and does not fail the probe, each in a few words, such as `trail: degraded`. */
  degraded: Schema.Array(Schema.String)
}

/** A probe that passes. */
export const Pass = Schema.Struct({ status: Schema.Literal("pass"), ...fields })

/** A probe that fails. */
export const Fail = Schema.Struct({ status: Schema.Literal("fail"), ...fields })

/** What a probe found. */
export type Report = typeof Pass.Type | typeof Fail.Type

/** What a platform's probes ask for. They read what is in memory: none waits for a domain or the database. */
export class Health extends Context.Service<Health, {
  /**
   * Whether the heartbeat is alive: a tick was sent within the last three intervals, 2 seconds at least. Says nothing of
   * domains and database, which a restart of the process would not mend.
   */
  readonly live: Effect.Effect<Report>
  /** Whether every required domain is active; never while the program shuts down. */
  readonly ready: Effect.Effect<Report>
  /** Whether every domain whose activation tick has come has been active, is crashed, inactive or blocked. It latches. */
  readonly startup: Effect.Effect<Report>
}>()("thunderline/Health") {}

/** How health is judged; everything has a default. */
export interface HealthOptions {
  /** `manual`: ticks are sent by hand, so that none is missed (default `clock`). */
  readonly heartbeat?: "clock" | "manual" | undefined
}

/** The least time without a tick that fails `live`, however short the interval, in milliseconds. */
const leastSilence = 2_000

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

const list = (parts: ReadonlyArray<string>): string =>
  parts.length <= 3 ? parts.join("; ") : `${parts.slice(0, 3).join("; ")}; and ${parts.length - 3} more`

/** Says briefly of domains that are not active why they are where they are. */
const standings = (
  some: ReadonlyArray<DomainView>,
  all: ReadonlyArray<DomainView>,
  tick: number
): Array<string> => {
  if (some.length === 0) return []
  const byName = new Map(all.map((view) => [view.name, { ...view, status: view.status._tag }]))
  return some.map(({ name }) => `${name} ${DomainStanding.brief(byName.get(name)!, { byName, tick })}`)
}

/** Whether the start is over for a domain. */
const hasStarted = ({ activatedAt, activationTick, blockedBy, status }: DomainView, tick: number): boolean =>
  activatedAt !== null || status._tag === "crashed" || status._tag === "inactive" || blockedBy.length > 0 ||
  (status._tag === "waiting" && activationTick > Math.max(tick, 1))

const make = Effect.fnUntraced(function*(options: HealthOptions | undefined) {
  const clock = yield* Clock.Clock
  const registry = yield* DomainRegistry
  const generator = yield* TickGenerator
  const outbox = yield* Outbox
  const pubsub = yield* SystemPubSub
  const exporter = yield* Exporter
  const shutdown = yield* ShutdownNotice
  const builtAt = clock.monotonicTimeNanosUnsafe()
  let seen: { readonly at: bigint; readonly tick: Tick } | undefined
  let phase: "starting" | "started" = "starting"

  const report = (status: Report["status"], reason: string, degraded: ReadonlyArray<string> = []): Report => ({
    status,
    reason,
    tick: seen?.tick.count ?? 0,
    degraded
  })

  /** The event loop was blocked, if it was. */
  const lateness = (): ReadonlyArray<string> => {
    const late = seen === undefined ? 0 : Duration.toMillis(seen.tick.lateness)
    return seen !== undefined && late > Duration.toMillis(seen.tick.interval) / 2
      ? [`event loop: the last tick was ${seconds(late)} late`]
      : []
  }

  const unstarted = Effect.map(registry.snapshot, (domains) => {
    const tick = seen?.tick.count ?? 0
    const left = phase === "started" ? [] : domains.filter((domain) => !hasStarted(domain, tick))
    if (left.length === 0) phase = "started"
    return () => standings(left, domains, tick)
  })

  const ticks = yield* pubsub.subscribe("system:domain_tick")
  yield* Loop.supervised(
    "health",
    PubSub.take(ticks).pipe(
      Effect.flatMap(({ payload }) => {
        seen = { at: clock.monotonicTimeNanosUnsafe(), tick: payload }
        return phase === "started" ? Effect.void : unstarted
      }),
      Effect.forever
    )
  )

  const live = Effect.gen(function*() {
    if (options?.heartbeat === "manual") return report("pass", "Ticks are sent by hand.")
    const { interval } = yield* generator.stats
    const silence = Number(clock.monotonicTimeNanosUnsafe() - (seen?.at ?? builtAt)) / 1e6
    const since = seen === undefined ? "since the start" : `since tick ${seen.tick.count}`
    if (silence > Math.max(3 * interval, leastSilence)) {
      return report("fail", `No tick was sent for ${seconds(silence)} ${since}; one is due every ${seconds(interval)}.`)
    }
    return report(
      "pass",
      seen === undefined
        ? `The first tick is due within ${seconds(interval)}.`
        : `Tick ${seen.tick.count} was sent ${seconds(silence)} ago.`,
      lateness()
    )
  })

  const ready = Effect.gen(function*() {
    if (shutdown.isGiven()) return report("fail", "The program is shutting down.")
    const domains = yield* registry.snapshot
    const trail = yield* outbox.stats
    const tick = seen?.tick.count ?? 0
    const away = domains.filter((domain) => domain.status._tag !== "active")
    const degraded = standings(away.filter(({ criticality }) => criticality === "optional"), domains, tick)
    if (trail.status._tag === "degraded") degraded.unshift(`trail: degraded, ${trail.backlog} transitions wait`)
    const slow = domains.filter(({ health }) => health === "suspect" || health === "silent")
    degraded.push(
      ...slow.map(({ name }) => `${name} has not answered its last tick`),
      ...lateness(),
      ...exporter.degradations()
    )
    const missing = standings(away.filter(({ criticality }) => criticality === "required"), domains, tick)
    if (missing.length > 0) return report("fail", `Not every required domain is active: ${list(missing)}.`, degraded)
    const required = domains.filter((domain) => domain.criticality === "required").length
    return report(
      "pass",
      required === 0 ? "No domain is required." : `All required domains (${required}) are active.`,
      degraded
    )
  })

  const startup = Effect.map(unstarted, (left) =>
    phase === "started"
      ? report("pass", "The start is over: every domain whose tick has come was active, or cannot be.")
      : report("fail", `The start goes on: ${list(left())}.`))

  return Health.of({ live, ready, startup })
})

/** Judges health from the heartbeat, the registry and the outbox. */
export const layer = (
  options?: HealthOptions
): Layer.Layer<Health, never, DomainRegistry | TickGenerator | Outbox | SystemPubSub | ShutdownNotice> =>
  Layer.effect(Health, make(options))
