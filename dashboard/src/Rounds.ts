import type { Activations } from "../../src/control/ActivationHistory.ts"
import type { DomainInfo } from "../../src/control/DomainInfo.ts"

/** One row of the timeline: the first activation of a domain. Times are the program's, in milliseconds. */
export interface Bar {
  readonly domain: string
  readonly wave: number
  readonly startedAt: number
  /** The domain's own work. */
  readonly workMs: number
  /** From the opening of the round to the begin of its own work. */
  readonly waitMs: number
}

/** What one tick opened: the domains that became active because of it, by wave and begin. */
export interface Round {
  readonly tick: number
  readonly openedAt: number
  readonly totalMs: number
  readonly waves: number
  readonly bars: ReadonlyArray<Bar>
}

interface Start {
  readonly domain: string
  readonly tick: number
  readonly wave: number
  readonly startedAt: number
  readonly workMs: number
}

const startOf = ({ first }: Activations): ReadonlyArray<Start> => {
  if (first?.end === undefined) return []
  const { domain, end, tick, wave } = first
  return [{ domain, tick, wave, startedAt: end.at - end.workMs, workMs: end.workMs }]
}

/**
 * Times are known in whole milliseconds, work is known exactly. A domain whose work seems to begin before the end of what
 * it waited for began in the same millisecond: it is put behind that.
 */
const inOrder = (starts: ReadonlyArray<Start>, domains: ReadonlyMap<string, DomainInfo>): ReadonlyArray<Start> => {
  const placed = new Map<string, Start>()
  for (const start of starts.toSorted((a, b) => a.wave - b.wave)) {
    const { after = [], dependsOn = [] } = domains.get(start.domain) ?? {}
    const ready = [...dependsOn, ...after].map((name) => {
      const other = placed.get(name)
      return other === undefined ? 0 : other.startedAt + other.workMs
    })
    placed.set(start.domain, { ...start, startedAt: Math.max(start.startedAt, ...ready) })
  }
  return [...placed.values()]
}

/**
 * The first activations of a run as rounds. Each round begins with a domain that a new tick opened (wave 0) and holds all
 * that became active because of it, even when newer ticks came meanwhile.
 */
export const rounds = (
  activations: Iterable<Activations>,
  domains: ReadonlyMap<string, DomainInfo>
): ReadonlyArray<Round> => {
  const groups: Array<{ readonly tick: number; readonly starts: Array<Start> }> = []
  const all = [...activations].flatMap(startOf)
  for (const start of all.sort((a, b) => a.startedAt - b.startedAt || a.wave - b.wave)) {
    const last = groups.at(-1)
    if (last === undefined || (start.wave === 0 && start.tick !== last.tick)) {
      groups.push({ tick: start.tick, starts: [start] })
    } else last.starts.push(start)
  }
  return groups.map(({ starts, tick }) => {
    const ordered = inOrder(starts, domains)
    const openedAt = ordered.reduce((first, { startedAt }) => Math.min(first, startedAt), Infinity)
    const endedAt = ordered.reduce((last, { startedAt, workMs }) => Math.max(last, startedAt + workMs), openedAt)
    const bars = ordered
      .map(({ domain, startedAt, wave, workMs }) => ({ domain, wave, startedAt, workMs, waitMs: startedAt - openedAt }))
      .sort((a, b) => a.wave - b.wave || a.startedAt - b.startedAt || b.workMs - a.workMs)
    return { tick, openedAt, totalMs: endedAt - openedAt, waves: new Set(bars.map(({ wave }) => wave)).size, bars }
  })
}
