import * as DateTime from "effect/DateTime"
import type { DomainInfo } from "../../src/control/DomainInfo.ts"
import type { Operation } from "../../src/model/DomainControl.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import type { Reason, StatusName } from "../../src/model/DomainStatus.ts"
import { count, duration, names, number } from "./Amounts.ts"

export * from "./Amounts.ts"

type ByName = ReadonlyMap<string, DomainInfo>

/** The first line of a cause, without what every error begins with. */
export const firstLine = (cause: string): string => (cause.split("\n", 1)[0] ?? "").replace(/^Error: /, "").trim()

const countdown = (at: number, now: number): string =>
  at - now < 500 ? "any moment" : `in ${duration(Math.ceil((at - now) / 1000) * 1000)}`

/** The part behind "which": why what is waited for is not there. */
const standing = (domain: DomainInfo, byName: ByName, now: number): string => {
  switch (domain.status) {
    case "restarting":
      return domain.restart === null
        ? "is restarting"
        : `is restarting (attempt ${domain.restart.attempt}, next ${
          countdown(DateTime.toEpochMillis(domain.restart.at), now)
        })`
    case "crashed":
      return "crashed"
    case "inactive":
      return "is switched off"
    case "activating":
      return "is starting"
    case "deactivating":
      return "is stopping"
    case "waiting": {
      const first = awaited(domain, byName)[0]
      return first === undefined ? "waits for its turn" : `waits for ${first.name}`
    }
    case "active":
      return "is active"
  }
}

/** What a waiting domain waits for: those that are not active. */
export const awaited = (domain: DomainInfo, byName: ByName): ReadonlyArray<DomainInfo> =>
  [...new Set([...domain.dependsOn, ...domain.after])].flatMap((name) => {
    const other = byName.get(name)
    return other === undefined || other.status === "active" ? [] : [other]
  })

/** Those that are broken come before those that only wait or are on their way. */
const foremost = (on: ReadonlyArray<DomainInfo>): DomainInfo | undefined =>
  on.find(({ status }) => status === "crashed" || status === "restarting" || status === "inactive") ?? on[0]

/** Where the waiting begins: behind all those that wait themselves. */
const root = (start: DomainInfo, byName: ByName): DomainInfo => {
  const seen = new Set<string>()
  let domain = start
  while (domain.status === "waiting" && !seen.has(domain.name)) {
    seen.add(domain.name)
    const next = foremost(awaited(domain, byName))
    if (next === undefined) break
    domain = next
  }
  return domain
}

const waiting = (domain: DomainInfo, byName: ByName, tick: number, now: number): string => {
  const blocking = domain.blockedBy.flatMap((name) => byName.get(name) ?? [])
  const on = blocking.length > 0 ? blocking : awaited(domain, byName)
  const first = foremost(on)
  if (first !== undefined) {
    const rest = on.filter((other) => other !== first)
    const more = rest.length === 0 ? "" : `, and for ${names(rest.map(({ name }) => name))}`
    const blocked = blocking.length > 0 ? "is blocked: it waits" : "waits"
    const last = root(first, byName)
    return last === first
      ? `${blocked} for ${first.name}, which ${standing(first, byName, now)}${more}`
      : `${blocked} for ${first.name}${more}, because ${last.name} ${standing(last, byName, now)}`
  }
  if (domain.activationTick > tick) {
    return domain.activationTick === 1 ? "waits for the first tick" : `waits for tick ${number(domain.activationTick)}`
  }
  return "waits for its turn"
}

/** What a domain does and why, as the rest of a sentence that begins with its name. `now` is the server's time. */
export const predicate = (domain: DomainInfo, byName: ByName, tick: number, now: number): string => {
  const since = duration(Math.max(0, Math.floor((now - DateTime.toEpochMillis(domain.since)) / 1000) * 1000))
  const cause = domain.cause === null ? "" : firstLine(domain.cause)
  switch (domain.status) {
    case "active":
      if (domain.health === "silent") return "is active but silent: it does not answer its ticks"
      if (domain.health === "suspect") return "is active but has not answered its last tick yet"
      return "is active"
    case "activating":
      return `has been starting for ${since}`
    case "deactivating":
      return `has been stopping for ${since}`
    case "inactive":
      return "is switched off: it was deactivated and stays so until it is activated"
    case "restarting":
      return `crashed and ${standing(domain, byName, now)}${cause === "" ? "" : `: ${cause}`}`
    case "crashed":
      return `crashed and has no restart left${cause === "" ? "" : `: ${cause}`}`
    case "waiting":
      return waiting(domain, byName, tick, now)
  }
}

const reasons: Readonly<Record<Reason, string>> = {
  tick: "its tick came",
  dependency: "of a dependency",
  activated: "it was built",
  failure: "it failed",
  timeout: "it took too long",
  silent: "it did not answer its ticks",
  backoff: "its back-off is over",
  operator: "an operator asked for it",
  shutdown: "the program ends"
}

/** What happened, as the rest of a sentence that begins with the domain's name. */
export const happening = (event: DomainEvent): string => {
  const why = reasons[event.reason]
  const { attempt, delayMs, dependency } = event.metadata
  switch (event.to) {
    case "active":
      return `is active${event.durationMs === null ? "" : `, after ${duration(event.durationMs)} of its own work`}`
    case "activating":
      return event.reason === "tick"
        ? `starts at tick ${number(event.tick)}`
        : event.reason === "dependency"
        ? "starts: what it depends on is there"
        : `starts: ${why}`
    case "deactivating":
      return `stops: ${typeof dependency === "string" ? `${dependency} is gone` : why}`
    case "waiting":
      return event.reason === "operator" ? "waits for its turn: an operator activated it" : "stopped, and waits again"
    case "inactive":
      return `is switched off: ${why}`
    case "crashed":
      return `crashed: ${event.cause === null ? why : firstLine(event.cause)}`
    case "restarting":
      return typeof attempt === "number" && typeof delayMs === "number"
        ? `will be restarted in ${duration(delayMs)} (attempt ${attempt})`
        : "will be restarted"
  }
}

/** All that a domain takes with it when it goes, along `dependsOn`. */
export const dependants = (name: string, domains: ReadonlyArray<DomainInfo>): ReadonlyArray<string> => {
  const users = new Map<string, Array<string>>()
  for (const domain of domains) {
    for (const other of domain.dependsOn) users.set(other, [...users.get(other) ?? [], domain.name])
  }
  const found = new Set<string>()
  const visit = (name: string) => {
    for (const user of users.get(name) ?? []) {
      if (found.has(user)) continue
      found.add(user)
      visit(user)
    }
  }
  visit(name)
  return domains.flatMap(({ name }) => found.has(name) ? [name] : [])
}

/** The operations that a domain's state allows. */
export const operations = (status: StatusName): ReadonlyArray<Operation> => {
  switch (status) {
    case "inactive":
      return ["activate"]
    case "active":
    case "crashed":
    case "restarting":
      return ["restart", "deactivate"]
    default:
      return ["deactivate"]
  }
}

/** Something that needs a look: a domain, and those that wait because of it. */
export interface Trouble {
  readonly domain: DomainInfo
  readonly held: ReadonlyArray<string>
}

const severity: Readonly<Record<StatusName, number>> = {
  crashed: 0,
  restarting: 1,
  inactive: 2,
  waiting: 3,
  active: 4,
  activating: 5,
  deactivating: 5
}

/** What is broken, the worst first; what only waits for something broken is told with that. */
export const troubles = (domains: ReadonlyArray<DomainInfo>): ReadonlyArray<Trouble> => {
  const roots = domains.filter(({ health, status }) =>
    status === "crashed" || status === "restarting" || status === "inactive" || health === "silent"
  )
  if (roots.length === 0) return []
  const followers = new Map<string, Array<DomainInfo>>()
  for (const domain of domains) {
    if (domain.status !== "waiting" && domain.status !== "deactivating") continue
    for (const other of new Set([...domain.dependsOn, ...domain.after])) {
      followers.set(other, [...followers.get(other) ?? [], domain])
    }
  }
  return roots.map((domain) => {
    const held = new Set<string>()
    const visit = (name: string) => {
      for (const follower of followers.get(name) ?? []) {
        if (held.has(follower.name)) continue
        held.add(follower.name)
        visit(follower.name)
      }
    }
    visit(domain.name)
    return { domain, held: [...held] }
  }).sort((a, b) => severity[a.domain.status] - severity[b.domain.status] || b.held.length - a.held.length)
}

/** The whole program in one sentence. */
export const headline = (domains: ReadonlyArray<DomainInfo>, tick: number): string => {
  const total = domains.length
  const active = domains.filter(({ status }) => status === "active").length
  if (total === 0) return "No domains are known yet."
  if (active === total) {
    return total === 1 ? "The only domain is active." : `All ${number(total)} domains are active.`
  }
  if (tick === 0) return `${count(total, "domain")} ${total === 1 ? "waits" : "wait"} for the first tick.`
  const by = (status: StatusName) => domains.filter((domain) => domain.status === status).length
  const parts = [
    [by("crashed"), "crashed"],
    [by("restarting"), "restarting"],
    [by("waiting"), "waiting"],
    [by("activating"), "starting"],
    [by("deactivating"), "stopping"],
    [by("inactive"), "switched off"]
  ] as const
  const rest = parts.flatMap(([n, word]) => n === 0 ? [] : [`${number(n)} ${word}`])
  return `${number(active)} of ${count(total, "domain")} active: ${names(rest, 6)}.`
}
