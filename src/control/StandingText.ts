/**
 * Says why a domain is where it is, and how much it needs a look: in status, doctor, watch and on the page. The decision
 * is that of `DomainStanding`.
 */
import type * as DateTime from "effect/DateTime"
import type { DomainHealth } from "../model/DomainHealth.ts"
import { type Around, type Gated, rootOf, Wait, waitOf } from "../model/DomainStanding.ts"
import * as Format from "./Format.ts"

/** What tells of a domain why it is where it is. */
export interface Situated extends Gated {
  readonly since: DateTime.Utc
  readonly health: DomainHealth | null
  readonly cause: string | null
  readonly restart: { readonly attempt: number; readonly at: DateTime.Utc } | null
}

/** All domains as they are at a moment of the program's clock, in milliseconds since the epoch. */
export interface Moment<out D extends Situated = Situated> extends Around<D> {
  readonly now: number
}

const restartOf = ({ restart }: Situated, now: number): string => {
  if (restart === null) return ""
  const left = Math.max(0, restart.at.epochMilliseconds - now)
  return `attempt ${restart.attempt} ${left === 0 ? "now" : `in ${Format.duration(left)}`}`
}

/** `store (restarting, attempt 2 in 3s)`. */
const withState = (name: string, { byName, now }: Moment): string => {
  const domain = byName.get(name)
  if (domain === undefined) return `${name} (unknown)`
  return `${name} (${[domain.status, restartOf(domain, now)].filter((part) => part !== "").join(", ")})`
}

const waiting = (domain: Situated, around: Moment): string => {
  const list = (all: ReadonlyArray<string>) => Format.names(all.map((name) => withState(name, around)))
  return Wait.$match(waitOf(domain, around), {
    Blocked: ({ by }) => `blocked by ${list(by)}`,
    Tick: ({ domains, tick }) =>
      `waits for tick ${Format.number(tick)}${domains.length === 0 ? "" : `, then ${Format.names(domains)}`}`,
    Domains: ({ domains }) => {
      const root = rootOf(domain, around.byName)
      return `waits for ${list(domains)}${domains.includes(root) ? "" : `, because of ${withState(root, around)}`}`
    },
    Turn: () => "waits for its turn"
  })
}

const causeOf = ({ cause }: Situated): string => cause === null ? "no cause is known" : Format.firstLine(cause)

/**
 * Why a domain is where it is, to be read next to the name of its state: `blocked by store (crashed)`,
 * `attempt 3 in 400ms: Error: no socket`, `for 2m 5s`.
 */
export const describe = (domain: Situated, around: Moment): string => {
  switch (domain.status) {
    case "waiting":
      return waiting(domain, around)
    case "active":
      if (domain.health === "silent") return "does not answer its ticks"
      if (domain.health === "suspect") return "has not answered the last tick"
      break
    case "inactive":
      return "until it is activated"
    case "crashed":
      return causeOf(domain)
    case "restarting":
      return [restartOf(domain, around.now), causeOf(domain)].filter((part) => part !== "").join(": ")
  }
  return `for ${Format.elapsed(around.now - domain.since.epochMilliseconds)}`
}

/** The same as the rest of a sentence that begins with the domain's name: `is crashed: Error: no socket`. */
export const sentence = (domain: Situated, around: Moment): string => {
  const text = describe(domain, around)
  switch (domain.status) {
    case "waiting":
      return domain.blockedBy.length > 0 ? `is ${text}` : text
    case "active":
      return domain.health === "silent" || domain.health === "suspect" ? `is active but ${text}` : "is active"
    case "activating":
    case "deactivating":
      return `has been ${domain.status} ${text}`
    case "inactive":
      return `is inactive ${text}`
    case "crashed":
      return `is crashed: ${text}`
    case "restarting":
      return `is restarting, ${text}`
  }
}

/** How much a domain needs a look, for an order that shows trouble first: 0 is worst. */
export const severity = ({ blockedBy, health, status }: Situated): number => {
  switch (status) {
    case "crashed":
      return 0
    case "restarting":
      return 1
    case "waiting":
      return blockedBy.length > 0 ? 2 : 5
    case "active":
      return health === "silent" ? 1 : health === "suspect" ? 3 : 7
    case "deactivating":
    case "activating":
      return 4
    case "inactive":
      return 6
  }
}
