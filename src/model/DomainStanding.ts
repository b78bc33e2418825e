/**
 * Why a domain is where it is: the decision, its text, and its place in an order that shows trouble first. Use it wherever
 * a person asks for the state of a domain: probes, status, doctor, watch and the page say the same.
 */
import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import type { DomainHealth } from "./DomainHealth.ts"
import type { StatusName } from "./DomainStatus.ts"
import * as Format from "./Format.ts"

/** What decides what a waiting domain waits for. */
export interface Gated {
  readonly name: string
  readonly status: StatusName
  readonly activationTick: number
  readonly dependsOn: ReadonlyArray<string>
  readonly after: ReadonlyArray<string>
  readonly blockedBy: ReadonlyArray<string>
}

/** What tells of a domain why it is where it is. */
export interface Situated extends Gated {
  readonly since: DateTime.Utc
  readonly health: DomainHealth | null
  readonly cause: string | null
  readonly restart: { readonly attempt: number; readonly at: DateTime.Utc } | null
}

/** All domains by name, and the count of the newest tick. */
export interface Around<out D extends Gated> {
  readonly byName: ReadonlyMap<string, D>
  readonly tick: number
}

/** What a waiting domain waits for. */
export type Wait = Data.TaggedEnum<{
  /** Domains that do not come back by themselves: an operator has to act. */
  Blocked: { readonly by: ReadonlyArray<string> }
  /** A tick that is still to come, and then these domains. */
  Tick: { readonly tick: number; readonly domains: ReadonlyArray<string> }
  /** Domains that are not active. `root` is the one that all of it waits for, if it is not among them. */
  Domains: { readonly domains: ReadonlyArray<string>; readonly root: string | undefined }
  /** Nothing: it activates as soon as the program gets to it. */
  Turn: {}
}>
export const Wait = Data.taggedEnum<Wait>()

/** The domains that a domain waits for, along `dependsOn` and `after`: those that are not active. */
export const awaited = (
  { after, dependsOn }: Gated,
  byName: ReadonlyMap<string, Gated>
): ReadonlyArray<string> =>
  [...new Set([...dependsOn, ...after])].filter((name) => byName.get(name)?.status !== "active")

/** The domain at the end of a chain of waiting ones. A domain that is down counts before one that waits. */
const rootOf = (start: string, byName: ReadonlyMap<string, Gated>): string => {
  const seen = new Set<string>()
  let name = start
  for (let domain = byName.get(name); domain?.status === "waiting" && !seen.has(name); domain = byName.get(name)) {
    seen.add(name)
    const next = awaited(domain, byName)
    name = next.find((other) => isDown(byName.get(other)?.status)) ?? next[0] ?? name
  }
  return name
}

const isDown = (status: StatusName | undefined): boolean =>
  status === "crashed" || status === "restarting" || status === "inactive"

/** Decides what a waiting domain waits for. */
export const waitOf = (domain: Gated, { byName, tick }: Around<Gated>): Wait => {
  if (domain.blockedBy.length > 0) return Wait.Blocked({ by: domain.blockedBy })
  const domains = awaited(domain, byName)
  if (domain.activationTick > tick) return Wait.Tick({ tick: domain.activationTick, domains })
  if (domains.length === 0) return Wait.Turn()
  const roots = domains.map((name) => rootOf(name, byName))
  const root = roots.find((name) => isDown(byName.get(name)?.status)) ?? roots[0]!
  return Wait.Domains({ domains, root: domains.includes(root) ? undefined : root })
}

/** Without causes and times: `is crashed`, `is blocked by store`, `waits for tick 7`. */
export const brief = (domain: Gated, around: Around<Gated>): string => {
  if (domain.status !== "waiting") return `is ${domain.status}`
  return Wait.$match(waitOf(domain, around), {
    Blocked: ({ by }) => `is blocked by ${Format.names(by)}`,
    Tick: ({ tick }) => `waits for tick ${Format.number(tick)}`,
    Domains: ({ domains }) => `waits for ${Format.names(domains)}`,
    Turn: () => "waits for its turn"
  })
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
    Domains: ({ domains, root }) =>
      `waits for ${list(domains)}${root === undefined ? "" : `, because of ${withState(root, around)}`}`,
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
