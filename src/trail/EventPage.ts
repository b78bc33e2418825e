import type * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import type { DomainEvent } from "../model/DomainEvent.ts"
import type { StatusName } from "../model/DomainStatus.ts"
import * as EventCursor from "./EventCursor.ts"

/**
 * Which transitions to read. Everything given must hold. `status` is the state that was entered; tick and time ranges
 * include `from`/`since` and exclude `to`/`until`; `limit` is 1 to 1,000 (default 100).
 */
export interface EventQuery {
  readonly domain?: string | undefined
  readonly status?: StatusName | undefined
  readonly runId?: string | undefined
  readonly fromTick?: number | undefined
  readonly toTick?: number | undefined
  readonly since?: DateTime.Utc | undefined
  readonly until?: DateTime.Utc | undefined
  /** Default `newest` first. */
  readonly order?: EventCursor.EventOrder | undefined
  readonly limit?: number | undefined
  /** `next` of the page before; belongs to the same query in the same order. */
  readonly cursor?: string | undefined
}

/**
 * Which transitions to stream: an `EventQuery` without an end. The stream begins behind the transition whose id is
 * `after`, and reads `pageSize` transitions at a time: 1 to 1,000 (default 1,000).
 */
export interface StreamQuery extends Omit<EventQuery, "limit" | "cursor"> {
  readonly after?: string | undefined
  readonly pageSize?: number | undefined
}

/** A page of transitions; `next` is the cursor of the page behind it, if there is more. */
export interface EventPage {
  readonly events: ReadonlyArray<DomainEvent>
  readonly next: Option.Option<string>
}

/** How many transitions a page holds for a query: its `limit`, kept within 1 to 1,000 (default 100). */
export const pageLimit = (limit: number | undefined): number => Math.min(Math.max(Math.trunc(limit ?? 100), 1), 1_000)

/** Makes a page of up to `limit + 1` transitions that were found: one more than asked for says that there are more. */
export const pageOf = (found: ReadonlyArray<DomainEvent>, limit: number, order: EventCursor.EventOrder): EventPage => ({
  events: found.slice(0, limit),
  next: found.length > limit ? Option.some(EventCursor.encode(found[limit - 1]!.id, order)) : Option.none()
})
