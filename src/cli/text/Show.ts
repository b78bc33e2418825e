import * as DateTime from "effect/DateTime"
import type { Style } from "./Style.ts"

/** A time of the trail, in UTC and to the second: `2025-01-31 13:45:09`. */
export const timeOf = (time: DateTime.Utc): string => DateTime.formatIso(time).slice(0, 19).replace("T", " ")

/** A duration in three digits or so: `0.4ms`, `12ms`, `1.8s`, `2s`, `2m 5s`. */
export const millis = (ms: number): string => {
  if (ms < 10) return `${ms.toFixed(1)}ms`
  if (ms < 1000) return `${Math.round(ms)}ms`
  const seconds = Math.round(ms / 1000)
  if (ms % 1000 === 0 && ms < 60_000) return `${seconds}s`
  return ms < 59_950 ? `${(ms / 1000).toFixed(1)}s` : `${Math.floor(seconds / 60)}m ${seconds % 60}s`
}

/** How long something has been so, in at most two units: `12s`, `2m 5s`, `3h 12m`, `2d 4h`. */
export const age = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${Math.floor(seconds / 60) % 60}m`
  return `${Math.floor(seconds / 86_400)}d ${Math.floor(seconds / 3600) % 24}h`
}

/** A whole number with its thousands apart: `12,345`. */
export const count = (n: number): string => String(n).replaceAll(/\B(?=(\d{3})+$)/g, ",")

// oxlint-disable-next-line no-control-regex
const escapes = /\u001b(?:\[[0-9;:?<=>]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])?/g

/**
 * Text from elsewhere without anything that a terminal would obey, its lines and indents kept: an error's message can
 * hold colours, cursor movements, a title, or marks that turn the reading direction.
 */
export const safe = (text: string): string =>
  text.replaceAll(escapes, "").replaceAll(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, "")

/** Text from elsewhere, safe and on one line. */
export const oneLine = (text: string): string => safe(text).replaceAll(/\s+/g, " ").trim()

/** A domain's state in its colour. */
export const paintStatus = (status: string, style: Style): (text: string) => string => {
  switch (status) {
    case "active":
      return style.green
    case "crashed":
      return style.red
    case "restarting":
    case "deactivating":
      return style.yellow
    case "activating":
      return style.cyan
    default:
      return style.dim
  }
}
