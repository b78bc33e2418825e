import * as StreamingQuantile from "./StreamingQuantile.ts"

/**
 * When a domain counts as slow: at least `exceeding` (11) of its last `window` ticks (20) took longer than its normal 95th
 * percentile, and their median is at least `factor` times (3) the normal one and not below `floorMs` (5).
 *
 * Chance alone puts 1 tick in 20 above the 95th percentile, whatever the distribution; 11 in 20 happen to a steady
 * domain about once in 10⁹ ticks. The factor ignores differences that do not matter, the floor ignores noise of the
 * machine. No domain is judged before `warmUp` of its ticks (60) were learned. The normal time of a domain that stays slow
 * for `relearnAfter` ticks (500) is learned again from the start.
 */
export interface Settings {
  readonly window: number
  readonly exceeding: number
  readonly factor: number
  readonly floorMs: number
  readonly warmUp: number
  readonly relearnAfter: number
}

export const defaultSettings: Settings = {
  window: 20,
  exceeding: 11,
  factor: 3,
  floorMs: 5,
  warmUp: 60,
  relearnAfter: 500
}

/** The normal tick-handling time of a domain and that of its last ticks: medians in milliseconds. */
export interface Slowness {
  readonly expectedMs: number
  readonly observedMs: number
}

/** One domain's normal tick-handling time, learned tick by tick. */
export interface TickProfile {
  /**
   * Learns one handled tick. The ticks that were skipped meanwhile count with the same duration. A new generation begins
   * with an empty window and keeps the normal time.
   */
  readonly observe: (sample: {
    readonly generation: number
    readonly durationMs: number
    readonly coalesced: number
  }) => void
  /** Set while the domain is slow. */
  readonly slowness: () => Slowness | undefined
  /** The normal median in milliseconds; `undefined` until it is known. */
  readonly expectedMs: () => number | undefined
}

export const make = (settings: Settings): TickProfile => {
  let normal = StreamingQuantile.make()
  let recent: Array<number> = []
  let generation = 0
  let slow: Slowness | undefined
  let slowFor = 0

  const judge = (): Slowness | undefined => {
    if (normal.weight() < settings.warmUp) return undefined
    const limit = normal.quantile(0.95)!
    if (recent.filter((ms) => ms > limit).length < settings.exceeding) return undefined
    const expectedMs = normal.quantile(0.5)!
    const observedMs = recent.toSorted((a, b) => a - b)[Math.floor(recent.length / 2)]!
    return observedMs >= settings.floorMs && observedMs >= settings.factor * expectedMs
      ? { expectedMs, observedMs }
      : undefined
  }

  const learn = (durationMs: number) => {
    recent.push(durationMs)
    // Learned only when it leaves the window: a domain that becomes slow is judged before its ticks change the normal time.
    const settled = recent.length > settings.window ? recent.shift() : undefined
    if (settled !== undefined && slow === undefined) normal.record(settled)
    slow = judge()
    slowFor = slow === undefined ? 0 : slowFor + 1
    if (slowFor > settings.relearnAfter) {
      normal = StreamingQuantile.make()
      recent = []
      slow = undefined
    }
  }

  return {
    observe: (sample) => {
      if (sample.generation !== generation) {
        generation = sample.generation
        recent = []
        slow = undefined
        slowFor = 0
      }
      const times = Math.min(1 + sample.coalesced, settings.window)
      for (let i = 0; i < times; i++) learn(sample.durationMs)
    },
    slowness: () => slow,
    expectedMs: () => normal.weight() < settings.warmUp ? undefined : normal.quantile(0.5)
  }
}
