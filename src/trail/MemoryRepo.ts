/**
 * The trail in this process's memory, lost with it. Use it in tests and in programs that need no record of their past;
 * use `thunderline/postgres` where the record has to outlive the program.
 *
 * @example
 * ```ts
 * Thunderline.layer({ domains, repo: MemoryRepo.layer })   // which is also the default
 * ```
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type { DomainEvent } from "../model/DomainEvent.ts"
import * as EventCursor from "./EventCursor.ts"
import { type EventQuery, pageLimit, pageOf } from "./EventPage.ts"
import { afterEvent, afterLoss, type RegistryRow, type RegistryStatus } from "./Projection.ts"
import * as Repo from "./Repo.ts"
import { keptCause, RepoWriter } from "./RepoWriter.ts"
import { type Run, RunInUse } from "./Run.ts"

/** How many transitions are kept; beyond that the oldest are dropped. */
export const capacity = 100_000

/** What stands for the three tables, and the run that holds the claim. */
class Tables {
  readonly registry = new Map<string, RegistryRow>()
  readonly events = new Map<string, DomainEvent>()
  readonly runs = new Map<string, Run>()
  holder: string | undefined

  changeRun(runId: string, change: (run: Run) => Run): void {
    const run = this.runs.get(runId)
    if (run !== undefined) this.runs.set(runId, change(run))
  }

  /** In memory no other process is alive: a run without an end that holds no claim is lost. */
  closeLost(own: string): void {
    for (const run of this.runs.values()) {
      if (run.runId === own || run.endedAt !== null || run.runId === this.holder) continue
      this.runs.set(run.runId, { ...run, endedAt: run.lastSeenAt, exitReason: "lost" })
      for (const row of this.registry.values()) this.registry.set(row.domainName, afterLoss(row, run))
    }
  }

  record(events: ReadonlyArray<DomainEvent>): void {
    for (const event of events.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
      if (this.events.has(event.id)) continue
      this.events.set(event.id, { ...event, cause: keptCause(event.cause) })
      const ended = (this.runs.get(event.runId)?.endedAt ?? null) !== null
      if (!ended) this.registry.set(event.domain, afterEvent(this.registry.get(event.domain), event))
    }
    for (const id of this.events.keys()) {
      if (this.events.size <= capacity) break
      this.events.delete(id)
    }
  }
}

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

const reads = (tables: Tables) => {
  const listDomains = Effect.sync(() =>
    Array.from(tables.registry.values()).sort((a, b) => (a.domainName < b.domainName ? -1 : 1))
  )
  const events = Effect.fn("Repo.events")(function*(query: EventQuery) {
    const order = query.order ?? "newest"
    const sign = order === "newest" ? -1 : 1
    const after = query.cursor === undefined ? undefined : yield* EventCursor.decode(query.cursor, order)
    const found = Array.from(tables.events.values()).filter(matches(query))
      .filter((event) => after === undefined || (sign === 1 ? event.id > after : event.id < after))
      .sort((a, b) => (a.id < b.id ? -sign : sign))
    return pageOf(found, pageLimit(query.limit), order)
  })
  return Repo.make({
    backend: "memory",
    durable: false,
    listActive: Effect.map(listDomains, (all) => all.filter((row) => row.status === "active")),
    listDomains,
    byDomainName: (domainName) => Effect.sync(() => Option.fromUndefinedOr(tables.registry.get(domainName))),
    activationHistory: (limit) => Effect.map(Effect.orDie(events({ status: "active", limit })), (page) => page.events),
    events,
    runs: (limit) =>
      Effect.sync(() =>
        Array.from(tables.runs.values()).sort((a, b) =>
          DateTime.Order(b.startedAt, a.startedAt) || (a.runId < b.runId ? 1 : -1)
        ).slice(0, pageLimit(limit))
      )
  })
}

const seenAt = (at: DateTime.Utc) => (run: Run): Run => ({ ...run, lastSeenAt: DateTime.max(run.lastSeenAt, at) })

const claim = (tables: Tables) => (run: Run) =>
  Effect.acquireRelease(
    Effect.gen(function*() {
      const other = tables.holder === undefined ? undefined : tables.runs.get(tables.holder)
      if (other !== undefined) return yield* new RunInUse({ ...other, since: other.startedAt })
      tables.closeLost(run.runId)
      tables.holder = run.runId
      tables.runs.set(run.runId, { ...run, lastSeenAt: yield* DateTime.now })
      return { renew: Effect.map(DateTime.now, (now) => tables.changeRun(run.runId, seenAt(now))) }
    }),
    () =>
      Effect.sync(() => {
        tables.holder = undefined
      })
  )

const writes = (tables: Tables) => {
  const updateStatus = Effect.fn("Repo.updateStatus")(
    function*(domainName: string, status: RegistryStatus, tickCount: number, metadata: Schema.JsonObject = {}) {
      const before = tables.registry.get(domainName)
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
      tables.registry.set(domainName, row)
      return row
    }
  )
  return RepoWriter.of({
    record: (events) => Effect.sync(() => tables.record(events)),
    recordActivation: (domainName, tickCount, metadata) => updateStatus(domainName, "active", tickCount, metadata),
    updateStatus,
    claimRun: claim(tables),
    beginRun: (run) =>
      Effect.sync(() => {
        if (!tables.runs.has(run.runId)) tables.runs.set(run.runId, run)
      }),
    renewRun: (runId, at) => Effect.sync(() => tables.changeRun(runId, seenAt(at))),
    endRun: (runId, at, exitReason) =>
      Effect.sync(() => tables.changeRun(runId, (run) => ({ ...seenAt(at)(run), endedAt: at, exitReason }))),
    prune: (before, limit = 1_000) =>
      Effect.sync(() => {
        const old = Array.from(tables.events.values())
          .filter((event) => DateTime.isLessThan(event.occurredAt, before))
          .sort((a, b) => DateTime.Order(a.occurredAt, b.occurredAt))
          .slice(0, limit)
        for (const { id } of old) tables.events.delete(id)
        return old.length
      })
  })
}

/** A trail of its own in memory; it holds up to {@link capacity} transitions. */
export const layer: Layer.Layer<Repo.Repo | RepoWriter> = Layer.effectContext(Effect.sync(() => {
  const tables = new Tables()
  return Context.make(Repo.Repo, reads(tables)).pipe(Context.add(RepoWriter, writes(tables)))
}))
