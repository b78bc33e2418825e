import type { DomainInfo } from "../../control/DomainInfo.ts"
import type { DomainEvent } from "../../model/DomainEvent.ts"
import * as EventFormat from "./EventFormat.ts"
import { age, millis, oneLine } from "./Show.ts"

/** What is needed to say why a domain is where it is: all of them by name, the newest tick, the server's clock in ms. */
export interface DomainContext {
  readonly byName: ReadonlyMap<string, DomainInfo>
  readonly tick: number
  readonly now: number
}

/** Some names, the rest as a number: `a, b, c and 4 more`. */
export const names = (all: ReadonlyArray<string>, most = 3): string =>
  all.length <= most + 1 ? all.join(", ") : `${all.slice(0, most).join(", ")} and ${all.length - most} more`

const stateOf = (name: string, { byName }: DomainContext): string => byName.get(name)?.status ?? "unknown"

const waiting = (domain: DomainInfo, around: DomainContext): string => {
  if (domain.blockedBy.length > 0) {
    return `blocked by ${names(domain.blockedBy.map((name) => `${name} (${stateOf(name, around)})`))}`
  }
  const awaited = [...domain.dependsOn, ...domain.after].filter((name) => stateOf(name, around) !== "active")
  const ticks = domain.activationTick - around.tick
  if (ticks > 0) {
    const tick = ticks === 1 && around.tick === 0 ? "the first tick" : `tick ${domain.activationTick}`
    return `waits for ${tick}${awaited.length === 0 ? "" : `, then ${names(awaited)}`}`
  }
  return awaited.length === 0
    ? "waits for its turn"
    : `waits for ${names(awaited.map((name) => `${name} (${stateOf(name, around)})`))}`
}

/** In a few words, why a domain is where it is: what it waits for, why it crashed, for how long it has been active. */
export const standing = (domain: DomainInfo, around: DomainContext): string => {
  const since = around.now - domain.since.epochMilliseconds
  switch (domain.status) {
    case "waiting":
      return waiting(domain, around)
    case "activating":
      return `being built for ${age(since)}`
    case "active":
      return domain.health === "silent"
        ? "does not answer its ticks"
        : domain.health === "suspect"
        ? "has not answered the last tick"
        : `for ${age(since)}`
    case "deactivating":
      return `closing for ${age(since)}`
    case "inactive":
      return "taken out; activate brings it back"
    case "crashed":
      return EventFormat.firstLine(domain.cause ?? "without a cause")
    case "restarting": {
      const { restart } = domain
      const left = restart === null ? 0 : Math.max(0, restart.at.epochMilliseconds - around.now)
      const when = restart === null ? "" : `attempt ${restart.attempt} ${left === 0 ? "now" : `in ${millis(left)}`}: `
      return when + EventFormat.firstLine(domain.cause ?? "without a cause")
    }
  }
}

/** Why a domain moved, with who or what was behind it and how long it took. */
export const moved = (event: DomainEvent): string => {
  const took = event.durationMs === null ? "" : ` in ${millis(event.durationMs)}`
  const why = event.cause === null ? "" : `: ${EventFormat.firstLine(event.cause)}`
  return `${oneLine(EventFormat.whyOf(event))}${took}${why}`
}

/** How bad it is, for an order that shows trouble first: 0 is worst. */
export const trouble = (domain: DomainInfo): number => {
  switch (domain.status) {
    case "crashed":
      return 0
    case "restarting":
      return 1
    case "waiting":
      return domain.blockedBy.length > 0 ? 2 : 5
    case "active":
      return domain.health === "silent" ? 1 : domain.health === "suspect" ? 3 : 7
    case "deactivating":
    case "activating":
      return 4
    case "inactive":
      return 6
  }
}
