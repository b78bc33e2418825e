/**
 * The reading side of the trail: where the domains stand, every transition, every run. Use it in an app, a domain or a
 * command to ask what happened. It writes nothing: Thunderline itself does, with `RepoWriter`.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { DomainEvent } from "../model/DomainEvent.ts"
import * as EventCursor from "./EventCursor.ts"
import type { EventPage, EventQuery, StreamQuery } from "./EventPage.ts"
import type { RegistryRow } from "./Projection.ts"
import type { Run } from "./Run.ts"

export { InvalidCursor } from "./EventCursor.ts"
export type { EventPage, EventQuery, StreamQuery } from "./EventPage.ts"
export { RegistryRow, RegistryStatus, registryStatus } from "./Projection.ts"
export { Run, RunInUse } from "./Run.ts"

/** The database did not answer: trying again later is right. */
export class RepoUnavailable extends Schema.TaggedError<RepoUnavailable>()("RepoUnavailable", {
  operation: Schema.String,
  detail: Schema.String,
  cause: Schema.Defect()
}) {
  /** Nothing can be reached, where nothing handles it. */
  override readonly [Runtime.errorExitCode] = 4
  override get message() {
    return `${this.operation}: the database cannot be reached: ${this.detail}`
  }
}

/** The database answered and refused: trying the same again will not help. */
export class RepoRejected extends Schema.TaggedError<RepoRejected>()("RepoRejected", {
  operation: Schema.String,
  detail: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `${this.operation}: the database refused: ${this.detail}`
  }
}

/** How an operation on the trail fails. */
export type RepoError = RepoUnavailable | RepoRejected

/**
 * The trail to be read: `active_domain_registry` (the present, one row per domain), `domain_event` (the past, one row
 * per transition) and `run` (one row per start of the program).
 *
 * @example
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { Repo } from "thunderline"
 *
 * const crashes = Effect.gen(function*() {
 *   const repo = yield* Repo.Repo
 *   yield* repo.stream({ status: "crashed" }).pipe(
 *     Stream.take(10),
 *     Stream.runForEach((event) => Effect.log(`${event.domain}: ${event.cause}`))
 *   )
 * })
 * ```
 */
export class Repo extends Context.Service<Repo, {
  /** What the rows are kept in, such as `memory` or `postgresql`: for people, not for decisions. */
  readonly backend: string
  /** Whether the rows outlive the program. */
  readonly durable: boolean
  /** The rows with status `active`, by name. */
  readonly listActive: Effect.Effect<ReadonlyArray<RegistryRow>, RepoError>
  /** All rows, by name. */
  readonly listDomains: Effect.Effect<ReadonlyArray<RegistryRow>, RepoError>
  /** The row of one domain; none if it has never changed its state. */
  readonly byDomainName: (domainName: string) => Effect.Effect<Option.Option<RegistryRow>, RepoError>
  /** The newest transitions into `active`, newest first; at most `limit` (default 100). */
  readonly activationHistory: (limit?: number) => Effect.Effect<ReadonlyArray<DomainEvent>, RepoError>
  /** One page of the transitions that match. */
  readonly events: (query: EventQuery) => Effect.Effect<EventPage, RepoError | EventCursor.InvalidCursor>
  /** All transitions that match, read page by page as they are consumed. */
  readonly stream: (query?: StreamQuery) => Stream.Stream<DomainEvent, RepoError>
  /** The newest runs, newest first; at most `limit` (default 100). */
  readonly runs: (limit?: number) => Effect.Effect<ReadonlyArray<Run>, RepoError>
}>()("thunderline/Repo") {}

/**
 * One stream over the pages of a way to read them. The `after` of a stream has to be the id of a transition: anything
 * else is a defect.
 */
export const streamOf =
  (events: Repo["Service"]["events"]): Repo["Service"]["stream"] =>
  ({ after, order = "newest", pageSize = 1_000, ...query } = {}) =>
    Stream.paginate(
      after === undefined ? undefined : EventCursor.encode(after, order),
      (cursor: string | undefined) =>
        events({ ...query, order, limit: pageSize, cursor }).pipe(
          // Only the cursor of the page before gets here.
          Effect.catchTag("InvalidCursor", Effect.die),
          Effect.map(({ events, next }) => [events, next] as const)
        )
    )

/** A `Repo` whose `stream` reads the pages of its `events`. Every backend makes its `Repo` with this. */
export const make = (repo: Omit<Repo["Service"], "stream">): Repo["Service"] =>
  Repo.of({ ...repo, stream: streamOf(repo.events) })
