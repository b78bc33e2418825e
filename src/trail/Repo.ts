import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type DomainEvent, maxCauseLength } from "../model/DomainEvent.ts"
import type { StatusName } from "../model/DomainStatus.ts"
import * as EventCursor from "./EventCursor.ts"
import { afterEvent, afterLoss, type RegistryRow, type RegistryStatus } from "./Projection.ts"
import { type Run, RunInUse } from "./Run.ts"

export { InvalidCursor } from "./EventCursor.ts"
export { RegistryRow, RegistryStatus, registryStatus } from "./Projection.ts"
export { Run, RunInUse } from "./Run.ts"

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
  readonly order?: EventCursor.EventOrder | undefined
  readonly limit?: number | undefined
  /** `next` of the page before; belongs to the same query in the same order. */
  readonly cursor?: string | undefined
}

/**
 * Which transitions to stream: those of an `EventQuery`, without end. `after` is the id of the transition that the stream
 * begins behind; `pageSize` is how many are read at a time, 1 to 1,000 (default 1,000).
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

/** The trail is this run's. */
export interface RunClaim {
  /**
   * Renews the lease, and closes runs whose lease has expired. Fails when the claim may be lost: claim again, in a new
   * scope.
   */
  readonly renew: Effect.Effect<void, RepoError>
}

export type RepoError = RepoUnavailable | RepoRejected

/**
 * The durable trail: `active_domain_registry` (the present, one row per domain), `domain_event` (the past, append-only)
 * and `run`.
 *
 * `record` is what Thunderline itself writes with: the events and the rows that they change, in one transaction, in
 * order; an event whose id is already there is passed over, so that a batch may be sent again. Events of a run that has
 * ended change no rows: whoever was taken for lost and is not leaves the present to the one that took over.
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
  readonly events: (query: EventQuery) => Effect.Effect<EventPage, RepoError | EventCursor.InvalidCursor>
  /** All transitions that match, read page by page as they are consumed; newest first unless `order` says otherwise. */
  readonly stream: (query?: StreamQuery) => Stream.Stream<DomainEvent, RepoError>
  /**
   * Makes the trail this run's for the life of the scope and opens the run, or goes on with it. Of any number of
   * programs that try at the same time one succeeds; the others fail with `RunInUse`.
   *
   * Runs of others that have no end and were not heard of for `lease` are closed as `lost`: they end when they were
   * last heard of, and their domains are not active any more.
   */
  readonly claimRun: (
    run: Run,
    lease: Duration.Duration
  ) => Effect.Effect<RunClaim, RepoError | RunInUse, Scope.Scope>
  /** Opens a run, whoever else has one. */
  readonly beginRun: (run: Run) => Effect.Effect<void, RepoError>
  /** Renews the lease of a run. */
  readonly renewRun: (runId: string, at: DateTime.Utc) => Effect.Effect<void, RepoError>
  readonly endRun: (runId: string, at: DateTime.Utc, exitReason: string) => Effect.Effect<void, RepoError>
  /** The newest runs, newest first; at most `limit` (default 100). */
  readonly runs: (limit?: number) => Effect.Effect<ReadonlyArray<Run>, RepoError>
  /** Removes the oldest transitions from before a moment, at most `limit` (default 1,000); how many there were. */
  readonly prune: (before: DateTime.Utc, limit?: number) => Effect.Effect<number, RepoError>
}>()("thunderline/Repo") {}

/** A `Repo` whose `stream` reads the pages of its `events`: every backend, and everything that wraps one, is made so. */
export const make = (repo: Omit<Repo["Service"], "stream">): Repo["Service"] =>
  Repo.of({
    ...repo,
    stream: ({ after, order = "newest", pageSize = 1_000, ...query } = {}) =>
      Stream.paginate(
        after === undefined ? undefined : EventCursor.encode(after, order),
        (cursor: string | undefined) =>
          repo.events({ ...query, order, limit: pageSize, cursor }).pipe(
            // The cursors are our own.
            Effect.catchTag("InvalidCursor", Effect.die),
            Effect.map(({ events, next }) => [events, next] as const)
          )
      )
  })

/** How many transitions `events` gives for a query: its `limit`, kept within 1 to 1,000 (default 100). */
export const pageLimit = (limit: number | undefined): number => Math.min(Math.max(Math.trunc(limit ?? 100), 1), 1_000)

/** Makes a page of up to `limit + 1` transitions that were found: one more than asked for says that there are more. */
export const pageOf = (found: ReadonlyArray<DomainEvent>, limit: number, order: EventCursor.EventOrder): EventPage => ({
  events: found.slice(0, limit),
  next: found.length > limit ? Option.some(EventCursor.encode(found[limit - 1]!.id, order)) : Option.none()
})

/** A cause as it is kept: cut to `maxCauseLength`. */
export const keptCause = (cause: string | null): string | null =>
  cause !== null && cause.length > maxCauseLength ? cause.slice(0, maxCauseLength) : cause

/** How many transitions the memory backend keeps; beyond that the oldest are forgotten. */
export const memoryCapacity = 100_000

const matches = (query: EventQuery) => (event: DomainEvent): boolean => {
  const at = DateTime.toEpochMillis(event.occurredAt)
  return (query.domain === undefined || event.domain === query.domain) &&
    (query.status === undefined || event.to === query.status) &&
    (query.runId === undefined || event.runId === query.runId) &&
    (query.fromTick === undefined || event.tick >= query.fromTick) &&
    (query.toTick === undefined || event.tick < query.toTick) &&
    (query.since === undefined || at >= DateTime.toEpochMillis(query.since)) &&
    (query.until === undefined || at < DateTime.toEpochMillis(query.until))
}

const later = (a: DateTime.Utc, b: DateTime.Utc) => (DateTime.toEpochMillis(a) > DateTime.toEpochMillis(b) ? a : b)

const makeMemory = Effect.sync(() => {
  const rows = new Map<string, RegistryRow>()
  const kept = new Map<string, DomainEvent>()
  const runs = new Map<string, Run>()
  let holder: string | undefined

  const listDomains = Effect.sync(() =>
    Array.from(rows.values()).sort((a, b) => (a.domainName < b.domainName ? -1 : 1))
  )

  const updateStatus = Effect.fn("Repo.updateStatus")(
    function*(domainName: string, status: RegistryStatus, tickCount: number, metadata: Schema.JsonObject = {}) {
      const before = rows.get(domainName)
      const now = yield* DateTime.now
      const row: RegistryRow = {
        id: before?.id ?? globalThis.crypto.randomUUID(),
        domainName,
        status,
        tickCount,
        metadata: { ...before?.metadata, ...metadata },
        activatedAt: status === "active" ? now : before?.activatedAt ?? null,
        updatedAt: now
      }
      rows.set(domainName, row)
      return row
    }
  )

  const record = (events: ReadonlyArray<DomainEvent>) =>
    Effect.sync(() => {
      const fresh = events.filter((event) => !kept.has(event.id)).sort((a, b) => (a.id < b.id ? -1 : 1))
      for (const event of fresh) {
        if (kept.has(event.id)) continue
        kept.set(event.id, { ...event, cause: keptCause(event.cause) })
        if (!hasEnded(event.runId)) rows.set(event.domain, afterEvent(rows.get(event.domain), event))
      }
      for (const id of kept.keys()) {
        if (kept.size <= memoryCapacity) break
        kept.delete(id)
      }
    })

  const hasEnded = (runId: string) => (runs.get(runId)?.endedAt ?? null) !== null

  /** In memory nobody is alive but this process: a run without an end that holds no claim is lost. */
  const closeLost = (own: string) => {
    for (const run of runs.values()) {
      if (run.runId === own || run.endedAt !== null || run.runId === holder) continue
      runs.set(run.runId, { ...run, endedAt: run.lastSeenAt, exitReason: "lost" })
      for (const row of rows.values()) rows.set(row.domainName, afterLoss(row, run))
    }
  }

  const claimRun = (run: Run) =>
    Effect.acquireRelease(
      Effect.gen(function*() {
        const other = holder === undefined ? undefined : runs.get(holder)
        if (other !== undefined) return yield* new RunInUse({ ...other, since: other.startedAt })
        closeLost(run.runId)
        holder = run.runId
        runs.set(run.runId, { ...run, lastSeenAt: yield* DateTime.now })
        const renew = Effect.flatMap(
          DateTime.now,
          (now) => changeRun(run.runId, (run) => ({ ...run, lastSeenAt: later(run.lastSeenAt, now) }))
        )
        return { renew }
      }),
      () =>
        Effect.sync(() => {
          holder = undefined
        })
    )

  const events = Effect.fn("Repo.events")(function*(query: EventQuery) {
    const order = query.order ?? "newest"
    const sign = order === "newest" ? -1 : 1
    const after = query.cursor === undefined ? undefined : yield* EventCursor.decode(query.cursor, order)
    const found = Array.from(kept.values()).filter(matches(query))
      .filter((event) => after === undefined || (sign === 1 ? event.id > after : event.id < after))
      .sort((a, b) => (a.id < b.id ? -sign : sign))
    return pageOf(found, pageLimit(query.limit), order)
  })

  const changeRun = (runId: string, change: (run: Run) => Run) =>
    Effect.sync(() => {
      const run = runs.get(runId)
      if (run !== undefined) runs.set(runId, change(run))
    })

  return make({
    backend: "memory",
    recordActivation: (domainName, tickCount, metadata) => updateStatus(domainName, "active", tickCount, metadata),
    updateStatus,
    listActive: Effect.map(listDomains, (all) => all.filter((row) => row.status === "active")),
    listDomains,
    byDomainName: (domainName) => Effect.sync(() => Option.fromUndefinedOr(rows.get(domainName))),
    activationHistory: (limit) => Effect.map(Effect.orDie(events({ status: "active", limit })), (page) => page.events),
    record,
    events,
    claimRun,
    prune: (before, limit = 1_000) =>
      Effect.sync(() => {
        const old = Array.from(kept.values())
          .filter((event) => DateTime.isLessThan(event.occurredAt, before))
          .sort((a, b) => DateTime.Order(a.occurredAt, b.occurredAt))
          .slice(0, limit)
        for (const { id } of old) kept.delete(id)
        return old.length
      }),
    beginRun: (run) =>
      Effect.sync(() => {
        if (!runs.has(run.runId)) runs.set(run.runId, run)
      }),
    renewRun: (runId, at) => changeRun(runId, (run) => ({ ...run, lastSeenAt: later(run.lastSeenAt, at) })),
    endRun: (runId, at, exitReason) =>
      changeRun(runId, (run) => ({ ...run, lastSeenAt: later(run.lastSeenAt, at), endedAt: at, exitReason })),
    runs: (limit) =>
      Effect.sync(() =>
        Array.from(runs.values()).sort((a, b) =>
          DateTime.toEpochMillis(b.startedAt) - DateTime.toEpochMillis(a.startedAt) || (a.runId < b.runId ? 1 : -1)
        ).slice(0, pageLimit(limit))
      )
  })
})

/** The trail in this process's memory, lost with it: for tests, and for programs that want no database. */
export const layerMemory: Layer.Layer<Repo> = Layer.effect(Repo, makeMemory)
