/** Says why a domain made a transition, for the terminal and the page. JSON and CSV have the fields themselves. */
import type { DomainEvent } from "../model/DomainEvent.ts"
import * as Format from "./Format.ts"

/** The reason, with what was behind it: `tick`, `failure of worker pump`, `backoff, attempt 2 in 890ms`. */
export const reason = ({ metadata, reason, to }: DomainEvent): string => {
  const { attempt, delayMs, dependency, worker } = metadata
  if (reason === "dependency" && typeof dependency === "string") return `dependency ${dependency} left active`
  if (reason === "failure" && typeof worker === "string") return `failure of worker ${Format.oneLine(worker)}`
  if (reason !== "backoff" || typeof attempt !== "number") return reason
  return `backoff, attempt ${attempt}` +
    (to === "restarting" && typeof delayMs === "number" ? ` in ${Format.duration(delayMs)}` : "")
}

/** The reason, how long the domain's own work took, and the first line of the cause. */
export const describe = (event: DomainEvent): string => {
  const took = event.durationMs === null ? "" : ` in ${Format.duration(event.durationMs)}`
  const cause = event.cause === null ? "" : `: ${Format.firstLine(event.cause)}`
  return `${reason(event)}${took}${cause}`
}
