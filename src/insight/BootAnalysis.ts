/**
 * Where the time of a start went: each domain's own work, what it waited for, the critical chain, and how long the start
 * would take with a faster domain. Use it on the transitions of a run. `RecordedBoot` reads those of a run from the trail.
 *
 * @example
 * ```ts
 * import { Effect, Option } from "effect"
 * import { BootAnalysis, MemoryRepo, Repo } from "thunderline"
 *
 * const program = Effect.gen(function*() {
 *   const repo = yield* Repo.Repo
 *   const { events } = yield* repo.events({ order: "oldest", limit: 1_000 })
 *   const analysis = BootAnalysis.analyse(events)
 *   if (Option.isSome(analysis)) yield* Effect.log(`The start took ${analysis.value.totalMs} ms`)
 * }).pipe(Effect.provide(MemoryRepo.layer))
 * ```
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { DomainEvent } from "../model/DomainEvent.ts"
import { StatusName } from "../model/DomainStatus.ts"

/**
 * Where one domain's time went until it was active for the first time. Times are in milliseconds, points in time
 * since the start of the run.
 *
 * `startMs` passed before the heartbeat began, `tickMs` until the domain's tick came, `dependencyMs` until the domains it
 * waited for were active (`lastAwaited` was the last), `setbackMs` in failed builds and back-offs, `queueMs` while it waited
 * for a turn on the thread, `ownMs` in the build that succeeded. The six add up to `activeAt`.
 */
export const DomainBoot = Schema.Struct({
  domain: Schema.String,
  tick: Schema.Natural,
  wave: Schema.Natural,
  awaits: Schema.Array(Schema.String),
  /** The domain that opened the gate, if it was not the tick. */
  lastAwaited: Schema.NullOr(Schema.String),
  heartbeatAt: Schema.Finite,
  reachedAt: Schema.Finite,
  openedAt: Schema.Finite,
  activeAt: Schema.Finite,
  startMs: Schema.Finite,
  tickMs: Schema.Finite,
  dependencyMs: Schema.Finite,
  setbackMs: Schema.Finite,
  queueMs: Schema.Finite,
  ownMs: Schema.Finite
})
export interface DomainBoot extends Schema.Schema.Type<typeof DomainBoot> {}

/** A link of the critical chain: how long its domain waited after the link before (or the start), including
 * the wait for the thread, and how long it then took. */
export const ChainLink = Schema.Struct({
  domain: Schema.String,
  waitMs: Schema.Finite,
  setbackMs: Schema.Finite,
  ownMs: Schema.Finite
})
export interface ChainLink extends Schema.Schema.Type<typeof ChainLink> {}

/** A domain whose gate opened and that has not become active. */
export const UnfinishedBoot = Schema.Struct({
  domain: Schema.String,
  status: StatusName,
  cause: Schema.NullOr(Schema.String)
})

/**
 * How an application came up: from the start of the run until the last of its domains was active for the first time.
 *
 * `idealMs` is the longest path of own work through the graph: what is left of `totalMs` if no domain waits for a
 * tick and nothing fails. `chain` leads to the domain that was active last; its waits, setbacks and own work add up to
 * `totalMs`. `domains` are in the order in which their gates opened.
 */
export const BootAnalysis = Schema.Struct({
  runId: Schema.String,
  startedAt: Schema.DateTimeUtcFromString,
  totalMs: Schema.Finite,
  idealMs: Schema.Finite,
  domains: Schema.Array(DomainBoot),
  chain: Schema.Array(ChainLink),
  unfinished: Schema.Array(UnfinishedBoot)
})
export interface BootAnalysis extends Schema.Schema.Type<typeof BootAnalysis> {}

/**
 * What is known of a domain's boot, independent of the others. `latencyMs`: from the moment its gate could open to the
 * transition.
 */
interface Fact {
  readonly domain: string
  readonly tick: number
  readonly wave: number
  readonly awaits: ReadonlyArray<string>
  readonly heartbeatAt: number
  readonly reachedAt: number
  readonly latencyMs: number
  readonly setbackMs: number
  readonly queueMs: number
  readonly ownMs: number
}

/** The domain that became active last; of equals, the one given last. */
const latest = <A extends { readonly activeAt: number }>(all: ReadonlyArray<A>): A | undefined =>
  all.reduce<A | undefined>((last, one) => last === undefined || one.activeAt >= last.activeAt ? one : last, undefined)

/** When each domain's gate opens and when it is active. The facts are in the order in which the domains became active. */
const schedule = (
  run: Pick<BootAnalysis, "runId" | "startedAt" | "unfinished">,
  facts: ReadonlyArray<Fact>
): BootAnalysis => {
  const boots = new Map<string, DomainBoot>()
  const paths = new Map<string, number>()

  const visit = (fact: Fact): DomainBoot => {
    const before = boots.get(fact.domain)
    if (before !== undefined) return before
    const { domain, heartbeatAt, latencyMs, ownMs, queueMs, reachedAt, setbackMs, tick, wave } = fact
    const awaited = facts.filter((other) => fact.awaits.includes(other.domain)).map(visit)
    const last = latest(awaited)
    const opener = last !== undefined && last.activeAt >= reachedAt ? last : undefined
    const openedAt = (opener?.activeAt ?? reachedAt) + latencyMs
    const boot: DomainBoot = {
      domain,
      tick,
      wave,
      awaits: fact.awaits,
      lastAwaited: opener?.domain ?? null,
      heartbeatAt,
      reachedAt,
      openedAt,
      activeAt: openedAt + setbackMs + queueMs + ownMs,
      startMs: heartbeatAt,
      tickMs: (opener === undefined ? openedAt : reachedAt) - heartbeatAt,
      dependencyMs: opener === undefined ? 0 : openedAt - reachedAt,
      setbackMs,
      queueMs,
      ownMs
    }
    boots.set(domain, boot)
    paths.set(domain, ownMs + Math.max(0, ...awaited.map((other) => paths.get(other.domain)!)))
    return boot
  }

  const all = facts.map(visit)
  const chain: Array<ChainLink> = []
  let link = latest(all)
  const totalMs = link?.activeAt ?? 0
  while (link !== undefined) {
    const before: DomainBoot | undefined = link.lastAwaited === null ? undefined : boots.get(link.lastAwaited)
    chain.unshift({
      domain: link.domain,
      waitMs: link.openedAt - (before?.activeAt ?? 0) + link.queueMs,
      setbackMs: link.setbackMs,
      ownMs: link.ownMs
    })
    link = before
  }
  return {
    ...run,
    totalMs,
    idealMs: Math.max(0, ...paths.values()),
    domains: all.toSorted((a, b) => a.openedAt - b.openedAt || a.wave - b.wave),
    chain
  }
}

/** A run's id is a version 7 UUID, which holds the time at which it was made. */
const startOf = (runId: string): number | undefined =>
  /^.{14}7/.test(runId) ? Number.parseInt(runId.replaceAll("-", "").slice(0, 12), 16) : undefined

const Opening = Schema.Struct({
  awaits: Schema.Array(Schema.String),
  reachedAt: Schema.Finite,
  heartbeatAt: Schema.Finite
})
const isOpening = Schema.is(Opening)

/**
 * Analyses the start of a run from its transitions, oldest first. It ignores a domain's transitions after it was first
 * active. None if no gate has opened yet.
 */
export const analyse = (events: ReadonlyArray<DomainEvent>): Option.Option<BootAnalysis> => {
  const openings = new Map<string, { readonly event: DomainEvent; readonly opening: typeof Opening.Type }>()
  const current = new Map<string, DomainEvent>()
  const active = new Map<string, { readonly at: number; readonly buildMs: number; readonly ownMs: number }>()
  for (const event of events) {
    const { domain, metadata } = event
    if (active.has(domain)) continue
    if (event.to === "activating" && !openings.has(domain) && isOpening(metadata)) {
      openings.set(domain, { event, opening: metadata })
    }
    if (event.to === "active" && openings.has(domain)) {
      const at = event.occurredAt.epochMilliseconds
      const buildMs = at - current.get(domain)!.occurredAt.epochMilliseconds
      active.set(domain, { at, buildMs, ownMs: Math.min(buildMs, event.durationMs ?? buildMs) })
    }
    if (event.reason !== "shutdown") current.set(domain, event)
  }
  const [first] = openings.values()
  if (first === undefined) return Option.none()
  const { runId } = first.event
  const start = startOf(runId) ?? first.opening.heartbeatAt
  const facts = Array.from(active, ([domain, { at, buildMs, ownMs }]): Fact => {
    const { event, opening } = openings.get(domain)!
    const openedAt = event.occurredAt.epochMilliseconds
    const reachedAt = Math.max(opening.reachedAt, start)
    const could = Math.max(reachedAt, ...opening.awaits.map((other) => active.get(other)?.at ?? reachedAt))
    return {
      domain,
      tick: event.tick,
      wave: event.wave ?? 0,
      awaits: opening.awaits,
      heartbeatAt: Math.min(Math.max(opening.heartbeatAt, start), reachedAt) - start,
      reachedAt: reachedAt - start,
      latencyMs: openedAt - could,
      setbackMs: at - buildMs - openedAt,
      queueMs: buildMs - ownMs,
      ownMs
    }
  })
  const unfinished = Array.from(openings.keys()).filter((domain) => !active.has(domain)).map((domain) => {
    const { to } = current.get(domain)!
    const failed = events.findLast((event) => event.domain === domain && event.cause !== null)
    return { domain, status: to, cause: failed?.cause ?? null }
  })
  return Option.some(schedule({ runId, startedAt: DateTime.makeUnsafe(start), unfinished }, facts))
}

/** The domains by their own work, the longest first. */
export const blame = (analysis: BootAnalysis): ReadonlyArray<DomainBoot> =>
  analysis.domains.toSorted((a, b) => b.ownMs - a.ownMs)

/**
 * The same start with another duration (milliseconds) of some domains' own work. Ticks and setbacks are the same as
 * recorded. Time-outs are ignored, and that domains on one processor slow each other down.
 */
export const predict = (analysis: BootAnalysis, ownMs: { readonly [domain: string]: number }): BootAnalysis => {
  const activeAt = new Map(analysis.domains.map((boot) => [boot.domain, boot.activeAt]))
  const order = analysis.domains.toSorted((a, b) => a.activeAt - b.activeAt)
  return schedule(
    analysis,
    order.map((boot): Fact =>
      Object.assign({}, boot, {
        latencyMs: boot.openedAt - (boot.lastAwaited === null ? boot.reachedAt : activeAt.get(boot.lastAwaited)!),
        ownMs: ownMs[boot.domain] ?? boot.ownMs
      })
    )
  )
}
