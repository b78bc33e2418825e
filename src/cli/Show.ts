import * as DateTime from "effect/DateTime"
import type { Style } from "./Style.ts"

/** A time of the trail, in UTC and to the second: `2025-01-31 13:45:09`. */
export const timeOf = (time: DateTime.Utc): string => DateTime.formatIso(time).slice(0, 19).replace("T", " ")

/** A duration in three digits or so: `0.4ms`, `12ms`, `1.8s`, `2m 5s`. */
export const millis = (ms: number): string => {
  if (ms < 10) return `${ms.toFixed(1)}ms`
  if (ms < 1000) return `${Math.round(ms)}ms`
  const seconds = Math.round(ms / 1000)
  return ms < 59_950 ? `${(ms / 1000).toFixed(1)}s` : `${Math.floor(seconds / 60)}m ${seconds % 60}s`
}

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
