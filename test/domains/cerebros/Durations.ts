/** A source of numbers in [0, 1) that gives the same ones for the same seed (mulberry32). */
export const uniform = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

type Source = () => number

const normal = (random: Source) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** How long a steady domain takes for a tick, in milliseconds, around 10: the shapes that real ones have. */
export const steady: { readonly [name: string]: (random: Source) => Source } = {
  "constant": () => () => 10,
  "uniform, ±50 %": (random) => () => 5 + 10 * random(),
  "normal, σ 20 %": (random) => () => Math.max(1, 10 + 2 * normal(random)),
  "log-normal, σ 0.5": (random) => () => 10 * Math.exp(0.5 * normal(random)),
  "exponential": (random) => () => -10 * Math.log(1 - random()),
  "garbage collection, 2 % take 20 times longer": (random) => () => (8 + 4 * random()) * (random() < 0.02 ? 20 : 1),
  "two paths, 20 % take 5 times longer": (random) => () => (8 + 4 * random()) * (random() < 0.2 ? 5 : 1),
  "a slow wave, ±40 % in 200 ticks": (random) => {
    let n = 0
    return () => (9 + 2 * random()) * (1 + 0.4 * Math.sin(2 * Math.PI * n++ / 200))
  }
}
