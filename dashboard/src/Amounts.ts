/** A length of time as people say it: `340 ms`, `3.2 s`, `12 s`, `4 min`, `2 h 5 min`, `3 d 4 h`. */
export const duration = (ms: number): string => {
  if (ms < 1) return ms <= 0 ? "0 ms" : `${ms.toFixed(2)} ms`
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  const s = Math.round(ms / 1000)
  if (ms < 9950) return `${(ms / 1000).toFixed(1).replace(/\.0$/, "")} s`
  if (s < 60) return `${s} s`
  const m = Math.floor(s / 60)
  if (m < 60) return s % 60 === 0 || m >= 10 ? `${m} min` : `${m} min ${s % 60} s`
  const h = Math.floor(m / 60)
  if (h < 24) return m % 60 === 0 ? `${h} h` : `${h} h ${m % 60} min`
  return h % 24 === 0 ? `${Math.floor(h / 24)} d` : `${Math.floor(h / 24)} d ${h % 24} h`
}

/** Whole seconds and up, for what is counted as it passes. */
export const ago = (ms: number): string => ms < 1000 ? "just now" : `${duration(Math.floor(ms / 1000) * 1000)} ago`

export const number = (n: number): string => n.toLocaleString("en-GB")

/** `1 domain`, `2 domains`. */
export const count = (n: number, noun: string): string => `${number(n)} ${noun}${n === 1 ? "" : "s"}`

/** `a`, `a and b`, `a, b and c`, `a, b, c and 97 more`. */
export const names = (all: ReadonlyArray<string>, most = 4): string => {
  if (all.length > most) return `${all.slice(0, most - 1).join(", ")} and ${number(all.length - most + 1)} more`
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`
}
