import * as Schema from "effect/Schema"
import { DomainEvent } from "../model/DomainEvent.ts"
import { Tick } from "../model/Tick.ts"

/** The first event of a stream: the run. A client that connects again sees whether it is still the same. */
export const Hello = Schema.Struct({
  runId: Schema.String,
  node: Schema.String,
  app: Schema.String,
  version: Schema.String,
  /** The count of the newest tick, 0 before the first. */
  tick: Schema.Natural
})
export interface Hello extends Schema.Schema.Type<typeof Hello> {}

/**
 * Transitions that a client has missed; `GET /api/v1/history` has them. `slow`: the client did not read fast enough, and
 * `missed` transitions before the next one were dropped. `trail`: earlier transitions could not be read, or are more than
 * one stream begins with; `missed` is then `null`.
 */
export const Gap = Schema.Struct({
  reason: Schema.Literals(["slow", "trail"]),
  missed: Schema.NullOr(Schema.Natural),
  detail: Schema.String
})
export interface Gap extends Schema.Schema.Type<typeof Gap> {}

const event = <const Name extends string, S extends Schema.Constraint>(name: Name, data: S) =>
  Schema.Struct({
    id: Schema.optional(Schema.String),
    event: Schema.Literal(name),
    data: Schema.fromJsonString(Schema.toCodecJson(data))
  })

/**
 * One event of the live stream. A `domain` event is a transition; its id resumes the stream as `Last-Event-ID`. Of several
 * ticks a slow client gets only the newest.
 */
export const StreamEvent = Schema.Union([
  event("hello", Hello),
  event("tick", Tick),
  event("domain", DomainEvent),
  event("gap", Gap)
])
export type StreamEvent = typeof StreamEvent.Type
