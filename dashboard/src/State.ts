import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { Stats } from "../../src/control/Api.ts"
import type { DomainInfo } from "../../src/control/DomainInfo.ts"
import type { Hello } from "../../src/control/StreamEvent.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import type { Tick } from "../../src/model/Tick.ts"
import * as EventCursor from "../../src/trail/EventCursor.ts"

/** How the page stands to the server. Times are this machine's, in milliseconds. */
export type Link =
  | { readonly _tag: "Connecting" }
  | { readonly _tag: "Live" }
  /** The server does not answer; the next attempt is at `retryAt`. */
  | { readonly _tag: "Lost"; readonly since: number; readonly why: string; readonly retryAt: number }
  /** The server shows nothing without the token. */
  | { readonly _tag: "Locked"; readonly shown: "no token" | "a wrong token" }

/** The first activation of a domain in this run. Times are the server's. */
export interface Activation {
  readonly domain: string
  /** The newest tick when it began. */
  readonly tick: number
  readonly wave: number
  readonly startedAt: number
  readonly endedAt: number
  /** Its own work, in milliseconds. */
  readonly workMs: number
}

/** Everything that the page knows. */
export interface State {
  readonly link: Link
  readonly run: Hello | undefined
  readonly stats: Stats | undefined
  readonly tick: Tick | undefined
  /** When the last tick came, by this machine's clock. */
  readonly tickAt: number
  /** When anything last came, by this machine's clock; 0 before. */
  readonly heardAt: number
  /** How far the server's clock is ahead of this machine's, in milliseconds. */
  readonly skew: number
  /** The lateness of the last ticks in milliseconds, oldest first. */
  readonly lateness: ReadonlyArray<number>
  readonly domains: ReadonlyArray<DomainInfo>
  readonly byName: ReadonlyMap<string, DomainInfo>
  /** Newest first. */
  readonly events: ReadonlyArray<DomainEvent>
  /** Where the trail goes on behind the oldest of `events`; `undefined` when it ends there. */
  readonly older: string | undefined
  readonly activations: ReadonlyMap<string, Activation>
  /** The newest tick when a generation began, by `domain#generation`. */
  readonly openings: ReadonlyMap<string, number>
}

export const initial: State = {
  link: { _tag: "Connecting" },
  run: undefined,
  stats: undefined,
  tick: undefined,
  tickAt: 0,
  heardAt: 0,
  skew: 0,
  lateness: [],
  domains: [],
  byName: new Map(),
  events: [],
  older: undefined,
  activations: new Map(),
  openings: new Map()
}

const latenessKept = 120
const eventsKept = 2000

const equal = (a: DomainInfo, b: DomainInfo): boolean =>
  a.status === b.status && a.generation === b.generation && a.health === b.health && a.cause === b.cause &&
  a.restart?.attempt === b.restart?.attempt && DateTime.toEpochMillis(a.since) === DateTime.toEpochMillis(b.since) &&
  a.blockedBy.length === b.blockedBy.length && a.blockedBy.every((name, i) => name === b.blockedBy[i])

const withDomains = (state: State, domains: ReadonlyArray<DomainInfo>): State => ({
  ...state,
  domains,
  byName: new Map(domains.map((domain) => [domain.name, domain]))
})

/** The list as the server tells it; what has not changed stays the same object. */
export const listed = (state: State, list: ReadonlyArray<DomainInfo>): State => {
  const domains = list.map((domain) => {
    const known = state.byName.get(domain.name)
    return known !== undefined && equal(known, domain) ? known : domain
  })
  const same = domains.length === state.domains.length && domains.every((domain, i) => domain === state.domains[i])
  return same ? state : withDomains(state, domains)
}

/** Another run than the one before makes everything that was known of that one void. */
export const greeted = (state: State, run: Hello): State =>
  state.run?.runId === run.runId
    ? { ...state, run }
    : { ...initial, link: state.link, run, skew: state.skew, heardAt: state.heardAt, domains: [], byName: new Map() }

export const ticked = (state: State, tick: Tick, now: number): State => ({
  ...state,
  tick,
  tickAt: now,
  heardAt: now,
  lateness: [...state.lateness, Duration.toMillis(tick.lateness)].slice(-latenessKept)
})

/** Where a transition leads a domain, until the list tells the rest. */
const moved = (domain: DomainInfo, event: DomainEvent): DomainInfo => {
  const { attempt, delayMs } = event.metadata
  return {
    ...domain,
    status: event.to,
    since: event.occurredAt,
    generation: event.generation,
    activatedAt: event.to === "active" ? event.occurredAt : domain.activatedAt,
    health: null,
    blockedBy: [],
    cause: event.to === "crashed" ? event.cause : event.to === "restarting" ? domain.cause : null,
    restart: event.to === "restarting" && typeof attempt === "number" && typeof delayMs === "number"
      ? { attempt, delayMs, at: DateTime.addDuration(event.occurredAt, delayMs) }
      : null
  }
}

const generationOf = ({ domain, generation }: DomainEvent): string => `${domain}#${generation}`

/** The first activations among transitions, added to those that are known. */
export const withActivations = (state: State, events: ReadonlyArray<DomainEvent>): State => {
  const openings = new Map(state.openings)
  const activations = new Map(state.activations)
  let found = 0
  for (const event of events) {
    if (event.runId !== state.run?.runId) continue
    const { domain, tick, to } = event
    if (to === "activating" && !activations.has(domain)) openings.set(generationOf(event), tick)
    if (to !== "active") continue
    const endedAt = DateTime.toEpochMillis(event.occurredAt)
    const known = activations.get(domain)
    if (known !== undefined && known.endedAt <= endedAt) continue
    const workMs = event.durationMs ?? 0
    found++
    activations.set(domain, {
      domain,
      tick: openings.get(generationOf(event)) ?? tick,
      wave: event.wave ?? 0,
      startedAt: endedAt - workMs,
      endedAt,
      workMs
    })
  }
  return { ...state, openings, activations: found === 0 ? state.activations : activations }
}

/** A page that stays open for days keeps the newest; the trail goes on behind them. */
const cut = (state: State): State => {
  if (state.events.length <= eventsKept) return state
  const events = state.events.slice(0, eventsKept)
  return { ...state, events, older: EventCursor.encode(events.at(-1)!.id, "newest") }
}

/** Transitions as they came, oldest first. */
export const happened = (state: State, events: ReadonlyArray<DomainEvent>, now: number): State => {
  const seen = new Set(state.events.slice(0, 500).map(({ id }) => id))
  const fresh = events.filter(({ id }) => !seen.has(id))
  if (fresh.length === 0) return state
  const changed = new Map<string, DomainInfo>()
  for (const event of fresh) {
    const domain = changed.get(event.domain) ?? state.byName.get(event.domain)
    if (domain === undefined || DateTime.isGreaterThan(domain.since, event.occurredAt)) continue
    changed.set(event.domain, moved(domain, event))
  }
  const next = withActivations(cut({ ...state, heardAt: now, events: [...fresh.toReversed(), ...state.events] }), fresh)
  return changed.size === 0
    ? next
    : withDomains(next, state.domains.map((domain) => changed.get(domain.name) ?? domain))
}

/** The newest page of the trail, in the place of what was known. */
export const paged = (state: State, events: ReadonlyArray<DomainEvent>, older: string | null): State => {
  const known = new Set(events.map(({ id }) => id))
  const newest = events[0]?.id ?? ""
  const live = state.events.filter(({ id }) => id > newest && !known.has(id))
  return { ...state, events: [...live, ...events], older: older ?? undefined }
}

/** The page of the trail behind the oldest transition known. */
export const olderPaged = (state: State, events: ReadonlyArray<DomainEvent>, older: string | null): State => {
  const known = new Set(state.events.map(({ id }) => id))
  return {
    ...state,
    events: [...state.events, ...events.filter(({ id }) => !known.has(id))],
    older: older ?? undefined
  }
}

export const measured = (state: State, stats: Stats, now: number): State => ({
  ...state,
  stats,
  heardAt: now,
  skew: DateTime.toEpochMillis(stats.now) - now
})
