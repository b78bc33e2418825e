import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { DomainEvent } from "./DomainEvent.ts"
import type { StatusName } from "./DomainStatus.ts"

/** What `active_domain_registry` says of a domain: the four words of its `status` column. */
export const RegistryStatus = Schema.Literals(["active", "inactive", "crashed", "restarting"])
export type RegistryStatus = typeof RegistryStatus.Type

/** The column's word for each of the seven states: those on the way are `inactive`, the exact one is in `metadata`. */
export const registryStatus = (status: StatusName): RegistryStatus => {
  switch (status) {
    case "active":
    case "crashed":
    case "restarting":
      return status
    default:
      return "inactive"
  }
}

/** A row of `active_domain_registry`: where a domain stands now. */
export const RegistryRow = Schema.Struct({
  id: Schema.String,
  domainName: Schema.String,
  status: RegistryStatus,
  tickCount: Schema.Natural,
  metadata: Schema.Record(Schema.String, Schema.Json),
  activatedAt: Schema.NullOr(Schema.DateTimeUtcFromString),
  updatedAt: Schema.DateTimeUtcFromString
})
export interface RegistryRow extends Schema.Schema.Type<typeof RegistryRow> {}

/** A row of `run`: one start of the program. `lastSeenAt` is a lease that the program renews while it lives. */
export const Run = Schema.Struct({
  runId: Schema.String,
  app: Schema.String,
  node: Schema.String,
  version: Schema.String,
  startedAt: Schema.DateTimeUtcFromString,
  lastSeenAt: Schema.DateTimeUtcFromString,
  endedAt: Schema.NullOr(Schema.DateTimeUtcFromString),
  exitReason: Schema.NullOr(Schema.String)
})
export interface Run extends Schema.Schema.Type<typeof Run> {}

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
  readonly order?: "newest" | "oldest" | undefined
  readonly limit?: number | undefined
  /** `next` of the page before; belongs to the same query in the same order. */
  readonly cursor?: string | undefined
}

/** A page of transitions; `next` is the cursor of the page behind it, if there is more. */
export interface EventPage {
  readonly events: ReadonlyArray<DomainEvent>
  readonly next: Option.Option<string>
}

/** The database did not answer: trying again later is right. */
export class RepoUnavailable extends Schema.TaggedError<RepoUnavailable>()("RepoUnavailable", {
  operation: Schema.String,
  detail: Schema.String,
  cause: Schema.Defect()
}) {
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

/** A cursor that no page has given out. */
export class InvalidCursor extends Schema.TaggedError<InvalidCursor>()("InvalidCursor", {
  cursor: Schema.String
}) {
  override get message() {
    return `"${this.cursor}" is not a cursor of an earlier page`
  }
}

export type RepoError = RepoUnavailable | RepoRejected

/**
 * The durable trail: `active_domain_registry` (the present, one row per domain), `domain_event` (the past, append-only)
 * and `run`.
 *
 * `record` is what Thunderline itself writes with: the events and the rows that they change, in one transaction, in
 * order; an event whose id is already there is passed over, so that a batch may be sent again.
 */
export class Repo extends Context.Service<Repo, {
  /** Where the rows are kept. */
  readonly backend: "memory" | "postgresql"
  /** Marks a domain active at a tick: makes or changes its row, sets `activatedAt`. */
  readonly recordActivation: (
    domainName: string,
    tickCount: number,
    metadata?: Schema.JsonObject
  ) => Effect.Effect<RegistryRow, RepoError>
  /** Changes a domain's status; the row is made if there is none. `metadata` is merged into what is there. */
  readonly updateStatus: (
    domainName: string,
    status: RegistryStatus,
    tickCount: number,
    metadata?: Schema.JsonObject
  ) => Effect.Effect<RegistryRow, RepoError>
  /** The rows with status `active`, by name. */
  readonly listActive: Effect.Effect<ReadonlyArray<RegistryRow>, RepoError>
  /** All rows, by name. */
  readonly listDomains: Effect.Effect<ReadonlyArray<RegistryRow>, RepoError>
  readonly byDomainName: (domainName: string) => Effect.Effect<Option.Option<RegistryRow>, RepoError>
  /** The newest transitions into `active`, newest first; at most `limit` (default 100). */
  readonly activationHistory: (limit?: number) => Effect.Effect<ReadonlyArray<DomainEvent>, RepoError>
  readonly record: (events: ReadonlyArray<DomainEvent>) => Effect.Effect<void, RepoError>
  readonly events: (query: EventQuery) => Effect.Effect<EventPage, RepoError | InvalidCursor>
  /** Opens a run. */
  readonly beginRun: (run: Run) => Effect.Effect<void, RepoError>
  /** Renews the lease of a run. */
  readonly renewRun: (runId: string, at: DateTime.Utc) => Effect.Effect<void, RepoError>
  readonly endRun: (runId: string, at: DateTime.Utc, exitReason: string) => Effect.Effect<void, RepoError>
  /** The newest runs, newest first; at most `limit` (default 100). */
  readonly runs: (limit?: number) => Effect.Effect<ReadonlyArray<Run>, RepoError>
}>()("thunderline/Repo") {}
