import type { Activation } from "./State.ts"

/** One row of the timeline, in milliseconds from the opening of its round. */
export interface Bar extends Activation {
  /** Waiting for what it depends on. */
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
 * The first activations of a run as rounds. A domain of a later wave belongs to the round of the wave before it, even
 * when newer ticks came while that was at work: the round begins with the wave 0 before it.
 */
export const rounds = (activations: Iterable<Activation>): ReadonlyArray<Round> => {
  const all = [...activations].sort((a, b) => a.startedAt - b.startedAt || a.wave - b.wave)
  const groups: Array<{ readonly tick: number; readonly activations: Array<Activation> }> = []
  for (const activation of all) {
    const last = groups.at(-1)
    const begins = activation.wave === 0 && last?.tick !== activation.tick
    if (last === undefined || begins) groups.push({ tick: activation.tick, activations: [activation] })
    else last.activations.push(activation)
  }
  return groups.map(({ activations, tick }) => {
    const openedAt = Math.min(...activations.map(({ startedAt }) => startedAt))
    const endedAt = activations.reduce((latest, { endedAt }) => Math.max(latest, endedAt), openedAt)
    const bars = activations
      .map((activation) => ({ ...activation, waitMs: activation.startedAt - openedAt }))
      .sort((a, b) => a.wave - b.wave || a.startedAt - b.startedAt || b.workMs - a.workMs)
    return { tick, openedAt, totalMs: endedAt - openedAt, waves: new Set(bars.map(({ wave }) => wave)).size, bars }
  })
}
