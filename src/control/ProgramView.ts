/**
 * What is known of a running program, as a pure fold of what comes from it: domains, heartbeat, newest transitions,
 * activations, gaps, and whether there is a connection. `ProgramFeed` brings the news; the page and `watch` show
 * the view. For one look use the endpoints of `Client`.
 *
 * @example
 * ```ts
 * import { ProgramView } from "thunderline/control"
 *
 * const away = ProgramView.update(ProgramView.initial, ProgramView.News.Lost({ reason: "no answer", pause: 500 }), 0)
 * ```
 */
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { DomainEvent } from "../model/DomainEvent.ts"
import type { Tick } from "../model/Tick.ts"
import * as EventCursor from "../trail/EventCursor.ts"
import * as ActivationHistory from "./ActivationHistory.ts"
import type { DomainInfo } from "./DomainInfo.ts"
import type { Moment } from "./StandingText.ts"
import type { Stats } from "./Stats.ts"
import type { Hello, StreamEvent } from "./StreamEvent.ts"

/** Whether there is a connection. Times are the local clock's, in milliseconds since the epoch. */
export type Link = Data.TaggedEnum<{
  Connecting: {}
  Live: {}
  /** The program does not answer since then; the next attempt is made at `retryAt`. */
  Lost: { readonly since: number; readonly reason: string; readonly retryAt: number }
  /** The program shows nothing without its token; so often in a row it has refused to. */
  Locked: { readonly refusals: number }
}>
export const Link = Data.taggedEnum<Link>()

/** All that is known. */
export interface ProgramView {
  readonly link: Link
  /** The run that answers; `undefined` before the first connection. */
  readonly run: Hello | undefined
  readonly stats: Stats | undefined
  /** The count of the newest tick; 0 before the first. */
  readonly tick: number
  /** When the last tick came, and when anything last came, by the local clock; 0 before. */
  readonly tickAt: number
  readonly heardAt: number
  /** How far the program's clock is ahead of the local one, in milliseconds. */
  readonly skew: number
  /** The lateness of the newest ticks in milliseconds, the oldest first; at most 120. */
  readonly lateness: ReadonlyArray<number>
  /** In the order in which they were given. */
  readonly domains: ReadonlyArray<DomainInfo>
  readonly byName: ReadonlyMap<string, DomainInfo>
  /** The newest transitions of any run, the newest first; at most 2,000 unless older ones were asked for. */
  readonly events: ReadonlyArray<DomainEvent>
  /** The cursor behind the oldest of `events`; `undefined` when the trail ends there. */
  readonly older: string | undefined
  /** By domain. */
  readonly activations: ReadonlyMap<string, ActivationHistory.Activations>
  /** What was missed or cannot be shown, in a sentence; `undefined` when nothing is. */
  readonly notice: string | undefined
}

/** Nothing is known. */
export const initial: ProgramView = {
  link: Link.Connecting(),
  run: undefined,
  stats: undefined,
  tick: 0,
  tickAt: 0,
  heardAt: 0,
  skew: 0,
  lateness: [],
  domains: [],
  byName: new Map(),
  events: [],
  older: undefined,
  activations: new Map(),
  notice: undefined
}

/** What comes from the program. */
export type News = Data.TaggedEnum<{
  /** Events of the live stream. */
  Heard: { readonly events: ReadonlyArray<StreamEvent> }
  /** Where the domains stand. */
  Domains: { readonly domains: ReadonlyArray<DomainInfo> }
  Stats: { readonly stats: Stats }
  /** The newest page of the trail, or the page behind the oldest transition known; the newest transition first. */
  Past: { readonly events: ReadonlyArray<DomainEvent>; readonly older: string | null }
  /** Transitions of this run from which activations are known, in any order. */
  Activated: { readonly events: ReadonlyArray<DomainEvent> }
  PastUnread: { readonly reason: string }
  /** There is no connection; the next attempt is made after `pause` milliseconds. */
  Lost: { readonly reason: string; readonly pause: number }
  /** The token is missing or wrong. */
  Locked: {}
}>
export const News = Data.taggedEnum<News>()

const keptTicks = 120
const keptEvents = 2_000

/** All domains at a moment of the local clock, for `StandingText`. */
export const momentOf = ({ byName, skew, tick }: ProgramView, now: number): Moment<DomainInfo> => ({
  byName,
  tick,
  now: now + skew
})

/** The last tick that a domain was active at. The list tells it only from time to time. */
export const lastTickOf = ({ tick }: ProgramView, { lastTick, status }: DomainInfo): number =>
  status === "active" ? tick : lastTick

/** For how many milliseconds no tick has come, if that is longer than three intervals and a second. */
export const silenceOf = (
  { link, stats, tickAt }: Pick<ProgramView, "link" | "stats" | "tickAt">,
  now: number
): number | undefined => {
  if (link._tag !== "Live" || stats === undefined || tickAt === 0) return undefined
  const silence = now - tickAt
  return silence > 3 * stats.heartbeat.interval + 1_000 ? silence : undefined
}

const withDomains = (view: ProgramView, domains: ReadonlyArray<DomainInfo>): ProgramView => ({
  ...view,
  domains,
  byName: new Map(domains.map((domain) => [domain.name, domain]))
})

/** Whether two readings of a domain differ in nothing but the tick at which it was read. */
const isSame = ({ lastTick: _1, ...a }: DomainInfo, { lastTick: _2, ...b }: DomainInfo): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

/** The list as the program tells it; a domain that has not changed stays the same object. */
const listed = (view: ProgramView, list: ReadonlyArray<DomainInfo>): ProgramView => {
  const domains = list.map((domain) => {
    const known = view.byName.get(domain.name)
    return known !== undefined && isSame(known, domain) ? known : domain
  })
  const same = domains.length === view.domains.length && domains.every((domain, i) => domain === view.domains[i])
  return same ? view : withDomains(view, domains)
}

/** Another run than the one before makes void what was known of that one. */
const greeted = (view: ProgramView, run: Hello): ProgramView => {
  const known = view.run?.runId === run.runId ? view : { ...initial, skew: view.skew }
  return { ...known, link: Link.Live(), run, tick: Math.max(known.tick, run.tick) }
}

const ticked = (view: ProgramView, tick: Tick, now: number): ProgramView => ({
  ...view,
  tick: Math.max(view.tick, tick.count),
  tickAt: now,
  lateness: [...view.lateness, Duration.toMillis(tick.lateness)].slice(-keptTicks)
})

const measured = (view: ProgramView, stats: Stats, now: number): ProgramView => {
  const { lastTickAt, tickCount } = stats.heartbeat
  const skew = stats.now.epochMilliseconds - now
  const tickAt = lastTickAt === null ? 0 : lastTickAt.epochMilliseconds - skew
  return {
    ...view,
    stats,
    skew,
    tick: Math.max(view.tick, tickCount),
    tickAt: Math.max(view.tickAt, Math.min(tickAt, now)),
    heardAt: now
  }
}

/** Where a transition leads a domain. Health and blockades have no transition: the list tells them. */
const transitioned = (domain: DomainInfo, event: DomainEvent): DomainInfo => {
  const { cause, from, generation, metadata, occurredAt, tick, to, wave } = event
  const { attempt, delayMs } = metadata
  return {
    ...domain,
    status: to,
    since: occurredAt,
    generation,
    activatedAt: to === "active" ? occurredAt : domain.activatedAt,
    lastTick: from === "active" ? tick : domain.lastTick,
    opening: to === "activating" ? { tick, wave: wave ?? 0 } : to === "active" ? domain.opening : null,
    health: null,
    blockedBy: [],
    cause: to === "crashed" ? cause : to === "restarting" ? domain.cause : null,
    restart: to === "restarting" && typeof attempt === "number" && typeof delayMs === "number"
      ? { attempt, delayMs, at: DateTime.addDuration(occurredAt, delayMs) }
      : null
  }
}

const withActivations = (view: ProgramView, events: ReadonlyArray<DomainEvent>): ProgramView => {
  const activations = new Map(view.activations)
  for (const event of events) {
    if (event.runId !== view.run?.runId) continue
    const known = activations.get(event.domain)
    const now = ActivationHistory.add(known, event)
    if (now !== undefined && now !== known) activations.set(event.domain, now)
  }
  return { ...view, activations }
}

/** Keeps the newest transitions; the trail has the older ones. */
const cut = (view: ProgramView): ProgramView => {
  if (view.events.length <= keptEvents) return view
  const events = view.events.slice(0, keptEvents)
  return { ...view, events, older: EventCursor.encode(events.at(-1)!.id, "newest") }
}

/** Transitions as they came, the oldest first; those that are known already change nothing. */
const happened = (view: ProgramView, events: ReadonlyArray<DomainEvent>): ProgramView => {
  const known = new Set(view.events.slice(0, 500).map(({ id }) => id))
  const fresh = events.filter(({ id }) => !known.has(id))
  if (fresh.length === 0) return view
  const changed = new Map<string, DomainInfo>()
  for (const event of fresh) {
    const domain = changed.get(event.domain) ?? view.byName.get(event.domain)
    if (domain === undefined || event.runId !== view.run?.runId) continue
    if (DateTime.isGreaterThan(domain.since, event.occurredAt)) continue
    changed.set(event.domain, transitioned(domain, event))
  }
  const next = withActivations(cut({ ...view, events: [...fresh.toReversed(), ...view.events] }), fresh)
  return changed.size === 0
    ? next
    : withDomains(next, view.domains.map((domain) => changed.get(domain.name) ?? domain))
}

const heard = (view: ProgramView, events: ReadonlyArray<StreamEvent>, now: number): ProgramView => {
  let next = view
  for (const { data, event } of events) {
    if (event === "hello") next = greeted(next, data)
    else if (event === "tick") next = ticked(next, data, now)
    else if (event === "gap") next = { ...next, notice: data.detail }
  }
  // All transitions at once: the list is made anew for each call.
  return { ...happened(next, events.flatMap(({ data, event }) => event === "domain" ? [data] : [])), heardAt: now }
}

/** A page of the trail in the place of what was known, but for newer transitions. */
const withPast = (view: ProgramView, events: ReadonlyArray<DomainEvent>, older: string | null): ProgramView => {
  const known = new Set(events.map(({ id }) => id))
  const first = events[0]?.id ?? ""
  const newer = view.events.filter(({ id }) => id > first && !known.has(id))
  return withActivations(
    { ...view, events: [...newer, ...events], older: older ?? undefined, notice: undefined },
    events
  )
}

/** What is known after news; `now` is the local clock's, in milliseconds since the epoch. */
export const update = (view: ProgramView, news: News, now: number): ProgramView => {
  switch (news._tag) {
    case "Heard":
      return heard(view, news.events, now)
    case "Domains":
      return { ...listed(view, news.domains), heardAt: now }
    case "Stats":
      return measured(view, news.stats, now)
    case "Past":
      return withPast(view, news.events, news.older)
    case "Activated":
      return withActivations(view, news.events)
    case "PastUnread":
      return { ...view, notice: `The trail cannot be read: ${news.reason}` }
    case "Lost": {
      const since = view.link._tag === "Lost" ? view.link.since : now
      return { ...view, link: Link.Lost({ since, reason: news.reason, retryAt: now + news.pause }) }
    }
    case "Locked":
      return { ...view, link: Link.Locked({ refusals: view.link._tag === "Locked" ? view.link.refusals + 1 : 1 }) }
  }
}
