import type { DomainInfo } from "../../src/control/DomainInfo.ts"
import * as Format from "../../src/control/Format.ts"
import * as StandingText from "../../src/control/StandingText.ts"
import type { Operation } from "../../src/model/DomainControl.ts"
import type { StatusName } from "../../src/model/DomainStatus.ts"

/** The names of all domains that lead to `name` along `edges`, in the order in which they were given. */
const leadingTo = (
  name: string,
  domains: ReadonlyArray<DomainInfo>,
  edges: (domain: DomainInfo) => ReadonlyArray<string>
): ReadonlyArray<string> => {
  const users = new Map<string, Array<string>>()
  for (const domain of domains) {
    for (const other of edges(domain)) users.set(other, [...users.get(other) ?? [], domain.name])
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

/** All domains that leave `active` with a domain, along `dependsOn`. */
export const dependants = (name: string, domains: ReadonlyArray<DomainInfo>): ReadonlyArray<string> =>
  leadingTo(name, domains, ({ dependsOn }) => dependsOn)

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

/** A domain that needs a look, and the domains that wait because of it. */
export interface Trouble {
  readonly domain: DomainInfo
  readonly held: ReadonlyArray<string>
}

/** The domains that are down or silent, the worst first. One that only waits for them is named with them. */
export const troubles = (domains: ReadonlyArray<DomainInfo>): ReadonlyArray<Trouble> => {
  const roots = domains.filter(({ health, status }) =>
    status === "crashed" || status === "restarting" || status === "inactive" || health === "silent"
  )
  if (roots.length === 0) return []
  const held = domains.filter(({ status }) => status === "waiting" || status === "deactivating")
  return roots.map((domain) => ({
    domain,
    held: leadingTo(domain.name, held, ({ after, dependsOn }) => [...dependsOn, ...after])
  })).sort((a, b) => StandingText.severity(a.domain) - StandingText.severity(b.domain) || b.held.length - a.held.length)
}

/** The states that are not `active`, in the order in which the headline counts them. */
const others = ["crashed", "restarting", "waiting", "activating", "deactivating", "inactive"] as const

/** How many domains are in which state. */
export const countStates = (domains: ReadonlyArray<DomainInfo>): ReadonlyArray<string> =>
  (["active", ...others] as const).flatMap((status) => {
    const n = domains.filter((domain) => domain.status === status).length
    return n === 0 ? [] : [`${Format.number(n)} ${status}`]
  })

/** The whole program in one sentence. */
export const headline = (domains: ReadonlyArray<DomainInfo>, tick: number): string => {
  const total = domains.length
  const away = domains.filter(({ status }) => status !== "active")
  if (total === 0) return "No domains are known yet."
  if (away.length === 0) {
    return total === 1 ? "The only domain is active." : `All ${Format.number(total)} domains are active.`
  }
  if (tick === 0) return `${Format.count(total, "domain")} ${total === 1 ? "waits" : "wait"} for the first tick.`
  return `${Format.number(total - away.length)} of ${Format.count(total, "domain")} active: ` +
    `${Format.names(countStates(away), 6)}.`
}
