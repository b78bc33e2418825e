/**
 * A transition as it is kept and published: one row of `domain_event`. Use it to read the trail, the bus or the live
 * stream. The state of a domain at this moment is `DomainStatus`.
 *
 * @example
 * ```ts
 * import { Stream } from "effect"
 * import { DomainEvent, DomainRegistry } from "thunderline"
 *
 * const crashes = Stream.unwrap(DomainRegistry.DomainRegistry.useSync((registry) => registry.changes)).pipe(
 *   Stream.filter((event: DomainEvent.DomainEvent) => event.to === "crashed")
 * )
 * ```
 */
import * as Schema from "effect/Schema"
import { Reason, StatusName } from "./DomainStatus.ts"

/** The longest cause that is kept, in bytes of UTF-8; the rest is cut. */
export const maxCauseLength = 16 * 1024

/**
 * One transition of one domain, as it travels on the bus and is kept in the trail for ever.
 *
 * `id` is a version 7 UUID made by the writer: a later transition of the same process sorts after an earlier one.
 * `tick` is the newest tick when the transition was made, `wave` is set on the transitions that a tick caused. `durationMs`
 * is the domain's own work behind the transition: its build for `active`, its clean-up for the end of `deactivating`.
 */
export const DomainEvent = Schema.Struct({
  id: Schema.String,
  runId: Schema.String,
  node: Schema.String,
  domain: Schema.String,
  generation: Schema.Natural,
  epoch: Schema.Natural,
  tick: Schema.Natural,
  wave: Schema.NullOr(Schema.Natural),
  from: StatusName,
  to: StatusName,
  reason: Reason,
  cause: Schema.NullOr(Schema.String),
  durationMs: Schema.NullOr(Schema.Finite),
  metadata: Schema.Record(Schema.String, Schema.Json),
  traceId: Schema.NullOr(Schema.String),
  spanId: Schema.NullOr(Schema.String),
  occurredAt: Schema.DateTimeUtcFromString
})
export interface DomainEvent extends Schema.Schema.Type<typeof DomainEvent> {}
