/**
 * How durations, times, numbers, names and causes are written for people: in the terminal, on the page, in probes.
 * Use it wherever a person reads the text. Not for programs: JSON, CSV and SQL keep exact values.
 */
import * as DateTime from "effect/DateTime"

const units = [[86_400, "d"], [3_600, "h"], [60, "m"], [1, "s"]] as const

/** Whole seconds in at most two units: `12s`, `2m 5s`, `3h 12m`, `2d`. */
const inUnits = (seconds: number): string => {
  const first = units.findIndex(([size]) => seconds >= size)
  if (first === -1) return "0s"
  const [size, unit] = units[first]!
  const next = units[first + 1]
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[0])
  return `${Math.floor(seconds / size)}${unit}${rest === 0 ? "" : ` ${rest}${next![1]}`}`
}

/** A measured duration in about three digits: `0.04ms`, `0.4ms`, `12ms`, `1.8s`, `2s`, `2m 5s`, `3h 12m`. */
export const duration = (ms: number): string => {
  if (ms < 0.005) return "0ms"
  if (ms < 0.095) return `${ms.toFixed(2)}ms`
  if (ms < 9.95) return `${ms.toFixed(1)}ms`
  if (ms < 999.5) return `${Math.round(ms)}ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1).replace(/\.0$/, "")}s`
  return inUnits(Math.round(ms / 1000))
}

/** A measured duration to the millisecond, for durations that are added up: `0.4ms`, `1005ms`, `12.34s`. */
export const exactDuration = (ms: number): string => {
  if (ms === 0) return "0ms"
  if (ms < 10) return `${ms.toFixed(1)}ms`
  return ms < 9999.5 ? `${Math.round(ms)}ms` : `${(ms / 1000).toFixed(2)}s`
}

/** How long something has been so, in whole seconds: `0s`, `12s`, `2m 5s`, `3h 12m`, `2d 4h`. */
export const elapsed = (ms: number): string => inUnits(Math.max(0, Math.floor(ms / 1000)))

/** Which clock a time is told by: UTC, or that of the machine that shows it. */
export type Zone = "utc" | "local"

const two = (n: number): string => String(n).padStart(2, "0")

/** The time of day to the second: `13:45:09`. */
export const timeOfDay = (at: DateTime.Utc, zone: Zone = "utc"): string => dateTime(at, zone).slice(11)

/** The date and the time of day to the second: `2025-01-31 13:45:09`. */
export const dateTime = (at: DateTime.Utc, zone: Zone = "utc"): string => {
  if (zone === "utc") return DateTime.formatIso(at).slice(0, 19).replace("T", " ")
  const date = DateTime.toDateUtc(at)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** A whole number with its thousands apart: `12,345`. */
export const number = (n: number): string => String(n).replaceAll(/\B(?=(\d{3})+$)/g, ",")

/** How many there are of something: `1 domain`, `2,000 domains`, `2 crashes`. */
export const count = (n: number, one: string, many = `${one}s`): string => `${number(n)} ${n === 1 ? one : many}`

/** A list of names, shortened to `most`: `a`, `a and b`, `a, b and c`, `a, b, c and 97 more`. */
export const names = (all: ReadonlyArray<string>, most = 4): string => {
  if (all.length > most) return `${all.slice(0, most - 1).join(", ")} and ${number(all.length - most + 1)} more`
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`
}

// oxlint-disable-next-line no-control-regex
const escapes = /\u001b(?:\[[0-9;:?<=>]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])?/g

/**
 * Text without anything that a terminal would obey; line breaks and tabs are kept. The message of an error can hold
 * colours, cursor movements, a window title, or marks that turn the reading direction.
 */
export const safe = (text: string): string =>
  text.replaceAll(escapes, "").replaceAll(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, "")

/** Safe text on one line. */
export const oneLine = (text: string): string => safe(text).replaceAll(/\s+/g, " ").trim()

/** The first line of a cause that is not empty, safe. */
export const firstLine = (cause: string): string =>
  oneLine(cause.split("\n").find((line) => oneLine(line) !== "") ?? "")
