/**
 * What a waiting domain waits for: one decision for probes, status, doctor, watch and the page. `StandingText` of the
 * control plane says it at length.
 */
import * as Data from "effect/Data"
import type { StatusName } from "./DomainStatus.ts"

/** What decides what a waiting domain waits for. */
export interface Gated {
  readonly name: string
  readonly status: StatusName
  readonly activationTick: number
  readonly dependsOn: ReadonlyArray<string>
  readonly after: ReadonlyArray<string>
  readonly blockedBy: ReadonlyArray<string>
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
  /** Domains that are not active. */
  Domains: { readonly domains: ReadonlyArray<string> }
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

/** The domain at the end of a chain of waiting ones. A domain that is down is followed before one that waits. */
export const rootOf = (start: Gated, byName: ReadonlyMap<string, Gated>): string => {
  const seen = new Set<string>()
  let { name } = start
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
  return domains.length === 0 ? Wait.Turn() : Wait.Domains({ domains })
}

const list = (names: ReadonlyArray<string>): string =>
  names.length <= 4 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`

/** For a probe, without causes and times: `is crashed`, `is blocked by store`, `waits for tick 7`. */
export const brief = (domain: Gated, around: Around<Gated>): string => {
  if (domain.status !== "waiting") return `is ${domain.status}`
  return Wait.$match(waitOf(domain, around), {
    Blocked: ({ by }) => `is blocked by ${list(by)}`,
    Tick: ({ tick }) => `waits for tick ${tick}`,
    Domains: ({ domains }) => `waits for ${list(domains)}`,
    Turn: () => "waits for its turn"
  })
}
