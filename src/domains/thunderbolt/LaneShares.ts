/** A lane for the rebalancing: the number of its own places, and of its jobs (running and queued). */
export interface Share {
  readonly base: number
  readonly demand: number
}

/**
 * Shares the places of all lanes out by demand, as whole numbers in the order of the lanes.
 *
 * - The sum never exceeds the sum of `base`.
 * - A lane gets what it demands up to its `base`, and never less than one place, so that an idle lane starts at once.
 * - Places without demand go one by one to the lane with the most jobs without a place. The rest goes back to the owners.
 *   No place is spare while a job waits.
 */
export const allocate = (lanes: ReadonlyArray<Share>): ReadonlyArray<number> => {
  const limits = lanes.map(({ base, demand }) => Math.min(base, Math.max(1, demand)))
  let spare = lanes.reduce((sum, { base }, i) => sum + base - limits[i]!, 0)
  const giveTo = (want: (lane: Share, limit: number) => number) => {
    while (spare > 0) {
      let most = 0
      let chosen = -1
      for (let i = 0; i < lanes.length; i++) {
        const wanted = want(lanes[i]!, limits[i]!)
        if (wanted > most) {
          most = wanted
          chosen = i
        }
      }
      if (chosen === -1) return
      limits[chosen]!++
      spare--
    }
  }
  giveTo(({ demand }, limit) => demand - limit)
  giveTo(({ base }, limit) => base - limit)
  return limits
}
