import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { DomainEvent } from "../model/DomainEvent.ts"
import { Outbox } from "../trail/Outbox.ts"
import * as Repo from "../trail/Repo.ts"
import { allEvents } from "./Simulation.ts"

/** What was expected of an event log is not in it, in that order. */
export class MoveMissing extends Schema.TaggedError<MoveMissing>()("MoveMissing", {
  /** The first move that was looked for in vain, and the one before it. */
  move: Schema.String,
  after: Schema.NullOr(Schema.String),
  log: Schema.Array(Schema.String)
}) {
  override get message() {
    const where = this.after === null ? "" : ` after "${this.after}"`
    return `There is no "${this.move}"${where} in:\n${this.log.map((line) => `  ${line}`).join("\n")}`
  }
}

/** What must not be in an event log is in it. */
export class MoveUnexpected extends Schema.TaggedError<MoveUnexpected>()("MoveUnexpected", {
  move: Schema.String,
  found: Schema.String,
  tick: Schema.Natural,
  log: Schema.Array(Schema.String)
}) {
  override get message() {
    const log = this.log.map((line) => `  ${line}`).join("\n")
    return `"${this.move}" was not expected, but at tick ${this.tick} there is "${this.found}" in:\n${log}`
  }
}

/** A transition as a move: `greeter: active -> crashed`. */
export const moveOf = (event: DomainEvent): string => `${event.domain}: ${event.from} -> ${event.to}`

/** All transitions as moves, of these domains only if any are named. */
export const moves = (events: ReadonlyArray<DomainEvent>, ...domains: ReadonlyArray<string>): ReadonlyArray<string> =>
  events.filter(({ domain }) => domains.length === 0 || domains.includes(domain)).map(moveOf)

/** A pattern is a move in which `*` may stand for the domain or a state: `*: active -> crashed`. */
const matches = (pattern: string, event: DomainEvent): boolean => {
  const [domain, from, to] = pattern.split(/: | -> /)
  return (domain === "*" || domain === event.domain) && (from === "*" || from === event.from) &&
    (to === "*" || to === event.to)
}

/**
 * Holds when the moves are in the log in this order, whatever is between them; throws `MoveMissing` otherwise, and
 * returns the transitions that it found. `*` stands for any domain or any state: `*: active -> crashed`.
 */
export const expectInOrder = (
  events: ReadonlyArray<DomainEvent>,
  ...patterns: ReadonlyArray<string>
): ReadonlyArray<DomainEvent> => {
  let from = 0
  return patterns.map((pattern, i) => {
    const at = events.findIndex((event, index) => index >= from && matches(pattern, event))
    if (at < 0) throw new MoveMissing({ move: pattern, after: patterns[i - 1] ?? null, log: moves(events) })
    from = at + 1
    return events[at]!
  })
}

/** Holds when no such move is in the log; throws `MoveUnexpected` otherwise. */
export const expectNone = (events: ReadonlyArray<DomainEvent>, ...patterns: ReadonlyArray<string>): void => {
  for (const pattern of patterns) {
    const found = events.find((event) => matches(pattern, event))
    if (found === undefined) continue
    throw new MoveUnexpected({ move: pattern, found: moveOf(found), tick: found.tick, log: moves(events) })
  }
}

/** All transitions so far of an application that runs, in order. */
export const read: Effect.Effect<ReadonlyArray<DomainEvent>, Repo.RepoError | Repo.InvalidCursor, Outbox | Repo.Repo> =
  Effect.gen(function*() {
    const repo = yield* Repo.Repo
    yield* Outbox.use((outbox) => outbox.flush)
    return yield* allEvents(repo)
  })
