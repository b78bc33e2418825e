import * as DateTime from "effect/DateTime"
import type { DomainEvent } from "../model/DomainEvent.ts"

/**
 * Transitions that are missing in the trail: `metadata.gap` of the next one that was written, so that a reader of the
 * trail knows how many are missing right before it, which, and when they happened.
 */
export interface TrailGap {
  readonly dropped: number
  readonly firstId: string
  readonly lastId: string
  /** When the first and the last of them happened, in ISO 8601. */
  readonly since: string
  readonly until: string
}

/** The gap that these transitions leave when they are dropped. */
export const of = (events: ReadonlyArray<DomainEvent>): TrailGap => ({
  dropped: events.length,
  firstId: events[0]!.id,
  lastId: events.at(-1)!.id,
  since: DateTime.formatIso(events[0]!.occurredAt),
  until: DateTime.formatIso(events.at(-1)!.occurredAt)
})

/** Two gaps, one right before the other, as one. */
export const join = (earlier: TrailGap | undefined, later: TrailGap | undefined): TrailGap | undefined =>
  earlier === undefined || later === undefined
    ? earlier ?? later
    : { ...later, dropped: earlier.dropped + later.dropped, firstId: earlier.firstId, since: earlier.since }

/** The same transitions, the first marked with the gap before it. */
export const mark = (events: ReadonlyArray<DomainEvent>, gap: TrailGap | undefined): ReadonlyArray<DomainEvent> =>
  gap === undefined
    ? events
    : events.map((event, i) => (i === 0 ? { ...event, metadata: { ...event.metadata, gap: { ...gap } } } : event))
