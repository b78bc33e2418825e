/**
 * Checks the transitions of a test, in order, by patterns such as `*: active -> crashed`. Use it on the events of a
 * `Simulation` or of a running application. It throws, so it works with every test runner.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { EventLog, Simulation } from "thunderline/testing"
 *
 * const test = Effect.gen(function*() {
 *   const { events } = yield* Simulation.run({ domains: [], ticks: 3 })
 *   EventLog.expectNone(events, "*: active -> crashed")
 * })
 * ```
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { DomainEvent } from "../model/DomainEvent.ts"
import { Outbox } from "../trail/Outbox.ts"
import * as Repo from "../trail/Repo.ts"
import { allEvents } from "./Simulation.ts"

/** The event log does not have the expected transitions in that order. */
export class TransitionMissing extends Schema.TaggedError<TransitionMissing>()("TransitionMissing", {
  /** The first transition that was not found, and the one before it. */
  transition: Schema.String,
  after: Schema.NullOr(Schema.String),
  log: Schema.Array(Schema.String)
}) {
  override get message() {
    const where = this.after === null ? "" : ` after "${this.after}"`
    return `There is no "${this.transition}"${where} in:\n${this.log.map((line) => `  ${line}`).join("\n")}`
  }
}

/** The event log has a transition that must not be in it. */
export class TransitionUnexpected extends Schema.TaggedError<TransitionUnexpected>()("TransitionUnexpected", {
  transition: Schema.String,
  found: Schema.String,
  tick: Schema.Natural,
  log: Schema.Array(Schema.String)
}) {
  override get message() {
    const log = this.log.map((line) => `  ${line}`).join("\n")
    return `"${this.transition}" was not expected, but at tick ${this.tick} there is "${this.found}" in:\n${log}`
  }
}

/** A transition as text: `greeter: active -> crashed`. */
export const transitionOf = (event: DomainEvent): string => `${event.domain}: ${event.from} -> ${event.to}`

/** All transitions as text; only those of the named domains, if any are named. */
export const transitions = (
  events: ReadonlyArray<DomainEvent>,
  ...domains: ReadonlyArray<string>
): ReadonlyArray<string> =>
  events.filter(({ domain }) => domains.length === 0 || domains.includes(domain)).map(transitionOf)

/** A pattern is a transition as text in which `*` may stand for the domain or a state: `*: active -> crashed`. */
const matches = (pattern: string, event: DomainEvent): boolean => {
  const [domain, from, to] = pattern.split(/: | -> /)
  return (domain === "*" || domain === event.domain) && (from === "*" || from === event.from) &&
    (to === "*" || to === event.to)
}

/**
 * Checks that the transitions are in the log in this order, with anything between them, and returns those found. Throws
 * `TransitionMissing` otherwise. `*` stands for any domain or any state: `*: active -> crashed`.
 */
export const expectInOrder = (
  events: ReadonlyArray<DomainEvent>,
  ...patterns: ReadonlyArray<string>
): ReadonlyArray<DomainEvent> => {
  let from = 0
  return patterns.map((pattern, i) => {
    const at = events.findIndex((event, index) => index >= from && matches(pattern, event))
    if (at < 0) {
      throw new TransitionMissing({ transition: pattern, after: patterns[i - 1] ?? null, log: transitions(events) })
    }
    from = at + 1
    return events[at]!
  })
}

/** Checks that no such transition is in the log. Throws `TransitionUnexpected` otherwise. */
export const expectNone = (events: ReadonlyArray<DomainEvent>, ...patterns: ReadonlyArray<string>): void => {
  for (const pattern of patterns) {
    const found = events.find((event) => matches(pattern, event))
    if (found === undefined) continue
    throw new TransitionUnexpected({
      transition: pattern,
      found: transitionOf(found),
      tick: found.tick,
      log: transitions(events)
    })
  }
}

/** All transitions so far of a running application, in order. */
export const read: Effect.Effect<ReadonlyArray<DomainEvent>, Repo.RepoError, Outbox | Repo.Repo> = Effect.gen(
  function*() {
    const repo = yield* Repo.Repo
    yield* Outbox.use((outbox) => outbox.flush)
    return yield* allEvents(repo)
  }
)
