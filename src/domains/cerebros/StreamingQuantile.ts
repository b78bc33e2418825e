/**
 * Quantiles of a stream of positive numbers in little memory, with a bounded relative error: a histogram whose buckets
 * grow by a constant ratio, so that each bucket's middle is within `accuracy` of everything in it.
 *
 * This is the DDSketch of C. Masson, J. E. Rim and H. K. Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
 * Relative-Error Guarantees", PVLDB 12(12), 2019, with ageing added: each time `memory` values are reached, all counts are
 * halved. The newest values then weigh most, and old values are forgotten.
 */
export interface StreamingQuantile {
  readonly record: (value: number) => void
  /** The value at quantile `q` (0 to 1); `undefined` if nothing was recorded. */
  readonly quantile: (q: number) => number | undefined
  /** The number of values that count, after ageing. */
  readonly weight: () => number
}

/** A bucket whose count falls below this is removed. */
const forgotten = 1 / 64

/** `accuracy` (default 0.01) is the greatest relative error, `memory` (default 1,000) the number of values to age at. */
export const make = (options?: {
  readonly accuracy?: number | undefined
  readonly memory?: number | undefined
}): StreamingQuantile => {
  const accuracy = options?.accuracy ?? 0.01
  const memory = options?.memory ?? 1000
  const ratio = (1 + accuracy) / (1 - accuracy)
  const logRatio = Math.log(ratio)
  const buckets = new Map<number, number>()
  let total = 0

  const age = () => {
    total = 0
    for (const [index, count] of buckets) {
      const left = count / 2
      if (left < forgotten) buckets.delete(index)
      else {
        buckets.set(index, left)
        total += left
      }
    }
  }

  return {
    record: (value) => {
      const index = value > 0 ? Math.ceil(Math.log(value) / logRatio) : Number.NEGATIVE_INFINITY
      buckets.set(index, (buckets.get(index) ?? 0) + 1)
      if (++total >= memory) age()
    },
    quantile: (q) => {
      const rank = q * (total - 1)
      let below = 0
      let value: number | undefined
      for (const index of Array.from(buckets.keys()).sort((a, b) => a - b)) {
        value = 2 * Math.exp(index * logRatio) / (ratio + 1)
        below += buckets.get(index)!
        if (below > rank) break
      }
      return value
    },
    weight: () => total
  }
}
