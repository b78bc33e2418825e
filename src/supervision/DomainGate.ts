import type { Opening } from "../model/DomainStatus.ts"
import * as GateCondition from "./GateCondition.ts"
import { generationOf, type SupervisedDomain } from "./SupervisedDomain.ts"
import type { SupervisorState } from "./SupervisorState.ts"

/** What makes the supervisor look at a gate: a dependency that has become active, or anything else. */
export type Opener = "dependency" | "now"

/**
 * Why a domain's gate is open, or `undefined` while it is not: its activation tick must be reached, all that it awaits
 * be active, and every condition hold.
 *
 * What a dependency opens belongs to the tick that opened the dependency, in the wave after it, however long the
 * dependency took; everything else belongs to the newest tick.
 */
export const look = (
  state: SupervisorState,
  { node, reached }: SupervisedDomain,
  opener: Opener
): Opening | undefined => {
  if (state.stopping || reached === null) return undefined
  const awaited = node.awaits.map(state.domainOf)
  if (!awaited.every(({ phase }) => phase._tag === "active")) return undefined
  if (!state.conditions.every((condition) => GateCondition.holds(condition, node.domain.name))) return undefined
  const openings = awaited.map((other) => generationOf(other)!.opening)
  let tick = opener === "dependency" ? reached : state.tickNow()
  for (const opening of openings) if (opening.tick.count > tick.count) tick = opening.tick
  let wave = 0
  for (const opening of openings) if (opening.tick.count === tick.count) wave = Math.max(wave, opening.wave + 1)
  return { tick, wave }
}

/** Gives, for each tick, the domains whose activation tick it reaches; each domain once. */
export const makeSchedule = (domains: ReadonlyArray<SupervisedDomain>) => {
  const byTick = domains.toSorted((a, b) =>
    a.node.domain.activationTick - b.node.domain.activationTick || a.node.rank - b.node.rank
  )
  let next = 0
  return (count: number): ReadonlyArray<SupervisedDomain> => {
    const from = next
    while (next < byTick.length && byTick[next]!.node.domain.activationTick <= count) next++
    return byTick.slice(from, next)
  }
}
