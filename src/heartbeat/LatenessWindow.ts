/** The lateness of the last 1,024 ticks, in milliseconds. */
export interface LatenessWindow {
  readonly add: (ms: number) => void
  /** The 50th and 99th percentile and the maximum; 0 before the first tick. */
  readonly quantiles: () => { readonly p50: number; readonly p99: number; readonly max: number }
}

const size = 1024

export const make = (): LatenessWindow => {
  const values = new Float64Array(size)
  let added = 0
  return {
    add: (ms) => {
      values[added++ % size] = ms
    },
    quantiles: () => {
      const sorted = values.slice(0, Math.min(added, size)).sort()
      const at = (quantile: number) => sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? 0
      return { p50: at(0.5), p99: at(0.99), max: at(1) }
    }
  }
}
