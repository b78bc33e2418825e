import type { DomainInfo } from "../../src/control/DomainInfo.ts"
import type { Activation } from "./State.ts"

/** One row of the timeline. */
export interface Bar extends Pick<Activation, "domain" | "wave" | "startedAt" | "workMs"> {
  /** From the opening of its round to its own start, in milliseconds. */
  readonly waitMs: number
}

/** What one tick opened: the domains that became active because of it, by wave and start. */
export interface Round {
  readonly tick: number
  readonly openedAt: number
  readonly totalMs: number
  readonly waves: number
  readonly bars: ReadonlyArray<Bar>
}

/**
 * Moments are told in whole milliseconds, work is not: where a start seems to lie before the end of what it waited for,
 * it was in the same millisecond and is put behind that.
 */
const inOrder = (
  activations: ReadonlyArray<Activation>,
  domains: ReadonlyMap<string, DomainInfo>
): ReadonlyArray<Activation> => {
  const placed = new Map<string, Activation>()
  for (const { domain, tick, wave, workMs, ...told } of activations.toSorted((a, b) => a.wave - b.wave)) {
    const { after = [], dependsOn = [] } = domains.get(domain) ?? {}
    const ready = [...dependsOn, ...after].map((name) => placed.get(name)?.endedAt ?? 0)
    const startedAt = Math.max(told.startedAt, ...ready)
    placed.set(domain, { domain, tick, wave, startedAt, endedAt: startedAt + workMs, workMs })
  }
  return [...placed.values()]
}

/**
 * The first activations of a run as rounds: each begins with a domain that a new tick opened (wave 0), and holds all that
 * became active because of it, even when newer ticks came meanwhile.
 */
export const rounds = (
  activations: Iterable<Activation>,
  domains: ReadonlyMap<string, DomainInfo>
): ReadonlyArray<Round> => {
  const groups: Array<{ readonly tick: number; readonly activations: Array<Activation> }> = []
  for (const activation of [...activations].sort((a, b) => a.startedAt - b.startedAt || a.wave - b.wave)) {
    const last = groups.at(-1)
    if (last === undefined || (activation.wave === 0 && activation.tick !== last.tick)) {
      groups.push({ tick: activation.tick, activations: [activation] })
    } else last.activations.push(activation)
  }
  return groups.map(({ activations, tick }) => {
    const ordered = inOrder(activations, domains)
    const openedAt = ordered.reduce((first, { startedAt }) => Math.min(first, startedAt), Infinity)
    const endedAt = ordered.reduce((last, { endedAt }) => Math.max(last, endedAt), openedAt)
    const bars = ordered
      .map(({ domain, startedAt, wave, workMs }) => ({ domain, wave, startedAt, workMs, waitMs: startedAt - openedAt }))
      .sort((a, b) => a.wave - b.wave || a.startedAt - b.startedAt || b.workMs - a.workMs)
    return { tick, openedAt, totalMs: endedAt - openedAt, waves: new Set(bars.map(({ wave }) => wave)).size, bars }
  })
}
