import * as Schema from "effect/Schema"
import { DomainEvent } from "../model/DomainEvent.ts"
import { Tick } from "../model/Tick.ts"

/** What a stream begins with: which run this is, so that a client that comes back knows whether it is another. */
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
 * What a client has missed. `slow`: it did not read fast enough; `missed` transitions between the last that it got and
 * the next that it gets were dropped. `trail`: what lies before could not be read, or is more than one answer holds;
 * `missed` is then `null`. `GET /api/v1/history` has what was missed.
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
 * One event of the live stream. `domain` is a transition and carries its id, with which `Last-Event-ID` resumes; of
 * ticks a slow client gets only the newest.
 */
export const StreamEvent = Schema.Union([
  event("hello", Hello),
  event("tick", Tick),
  event("domain", DomainEvent),
  event("gap", Gap)
])
export type StreamEvent = typeof StreamEvent.Type
