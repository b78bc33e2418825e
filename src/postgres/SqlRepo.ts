import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import type { Fragment, Statement } from "effect/sql/Statement"
import type { DomainEvent } from "../model/DomainEvent.ts"
import * as EventCursor from "../trail/EventCursor.ts"
import {
  type EventQuery,
  make as makeRepo,
  pageLimit,
  pageOf,
  type RegistryStatus,
  Repo,
  type RepoError,
  RepoRejected,
  type Run
} from "../trail/Repo.ts"
import * as Migrations from "./Migrations.ts"
import { misdated } from "./migrations/0001_trail.ts"
import { toRepoError } from "./SqlFailure.ts"
import * as SqlRow from "./SqlRow.ts"
import * as SqlRun from "./SqlRun.ts"

/** How the trail is kept in a database. */
export interface SqlRepoOptions {
  /** The schema that the tables are in (default `thunderline`). */
  readonly schema?: string | undefined
  /**
   * `on-first-use` (the default): every call first sees to it that the migrations have run, until they have once, so
   * that a database which is away at the start makes no difference later. `never`: somebody else runs them.
   */
  readonly migrate?: "on-first-use" | "never" | undefined
  /**
   * `true` when no other program can reach the database, as with an embedded server: a run that has no end is then lost
   * at once, without waiting for its lease (default `false`).
   */
  readonly exclusive?: boolean | undefined
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The name of an operation for the trace and for its errors, and the schema brought up to date before it. */
const makeOperation = (schema: string, migrate: SqlRepoOptions["migrate"], sql: SqlClient) => {
  let ready = migrate === "never"
  const migrations = Migrations.run(schema).pipe(
    Effect.provideService(SqlClient, sql),
    Effect.tap(() =>
      Effect.sync(() => {
        ready = true
      })
    )
  )
  return (name: string) => {
    const refuse = (error: Migrations.SchemaTooNew): RepoError =>
      new RepoRejected({ operation: name, detail: error.message, cause: error })
    const prepare = migrations.pipe(
      Effect.mapError((error) => (error._tag === "SqlError" ? toRepoError(name)(error) : refuse(error)))
    )
    return <A, E = never, R = never>(
      effect: Effect.Effect<A, SqlError | E, R>
    ): Effect.Effect<A, RepoError | Exclude<E, SqlError>, R> => {
      const mapped = effect.pipe(
        // A connection that ends in a transaction also fails its rollback, which is raised as a defect.
        Effect.catchDefect((defect) => (isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect))),
        Effect.mapError((error) => (isSqlError(error) ? toRepoError(name)(error) : error as Exclude<E, SqlError>))
      )
      return Effect.suspend(() => (ready ? mapped : Effect.andThen(prepare, mapped))).pipe(
        Effect.withSpan(name, { kind: "client" }, { captureStackTrace: false })
      )
    }
  }
}

/** Builds the repository over a `SqlClient` of PostgreSQL; see {@link layer}. */
export const make = Effect.fnUntraced(function*(options?: SqlRepoOptions) {
  const schema = yield* Migrations.checkSchema(options?.schema ?? Migrations.defaultSchema)
  const sql = yield* SqlClient
  const operation = makeOperation(schema, options?.migrate, sql)
  const registry = sql(`${schema}.active_domain_registry`)
  const domainEvent = sql(`${schema}.domain_event`)
  const runs = sql(`${schema}.run`)
  const registryColumns = sql.literal("id, domain_name, status, tick_count, metadata, activated_at, updated_at")
  const eventColumns = sql.literal(SqlRow.eventColumns)
  const eventValues = sql.literal(SqlRow.eventValues)
  const time = (at: DateTime.Utc) => sql`${DateTime.formatIso(at)}::text::timestamptz`

  const rowsOf = (name: string, where: Fragment) =>
    sql<SqlRow.RegistryColumns>`
      select ${registryColumns} from ${registry} where ${where} order by domain_name collate "C"`.pipe(
      Effect.map((rows) => rows.map(SqlRow.toRegistryRow)),
      operation(name)
    )

  const put = (name: string) =>
    Effect.fnUntraced(
      function*(domainName: string, status: RegistryStatus, tickCount: number, metadata: Schema.JsonObject = {}) {
        const now = time(yield* DateTime.now)
        const rows = yield* sql<SqlRow.RegistryColumns>`
          insert into ${registry} as r (domain_name, status, tick_count, metadata, activated_at, updated_at)
          values (
            ${SqlRow.toText(domainName)}, ${status}, ${tickCount}, ${SqlRow.toJson(metadata)}::text::jsonb,
            ${status === "active" ? now : sql.literal("null")}, ${now}
          )
          on conflict (domain_name) do update set
            status = excluded.status,
            tick_count = excluded.tick_count,
            metadata = r.metadata || excluded.metadata,
            activated_at = coalesce(excluded.activated_at, r.activated_at),
            updated_at = excluded.updated_at
          returning ${registryColumns}`
        return SqlRow.toRegistryRow(rows[0]!)
      },
      operation(name)
    )
  const updateStatus = put("Repo.updateStatus")
  const recordActivation = put("Repo.recordActivation")

  /**
   * One statement, so one round trip and one transaction. Only what is not there yet makes rows of the registry, and
   * only what is newer than the transition that such a row comes from: `afterEvent` of RegistryRow, in SQL. Rows are
   * taken in one order by every writer, so that two never wait for each other. The runs are locked against being closed
   * meanwhile, so that nothing of a run that was taken for lost comes after what took over.
   */
  const insertEvents = (events: ReadonlyArray<DomainEvent>) =>
    sql`with fresh as (
      insert into ${domainEvent} (${eventColumns})
      select ${eventValues}
      from unnest(${sql.csv(SqlRow.eventArrays(events).map((array) => sql`${array}`))}) as _(${eventColumns})
      order by id
      on conflict (id) do nothing
      returning id, run_id, node, domain_name, generation, tick_count, to_status, reason, occurred_at
    ), ended as (
      select run_id from (
        select run_id, ended_at from ${runs} where run_id in (select run_id from fresh) for share
      ) as known where ended_at is not null
    ), newer as (
      select fresh.* from fresh left join ${registry} as r using (domain_name)
      where (r.metadata->>'eventId' < fresh.id::text collate "C") is not false
        and fresh.run_id not in (select run_id from ended)
    ), activation as (
      select distinct on (domain_name) domain_name, occurred_at as activated_at
      from newer where to_status = 'active' order by domain_name, id desc
    ), latest as (
      select distinct on (domain_name) * from newer order by domain_name, id desc
    )
    insert into ${registry} as r (domain_name, status, tick_count, metadata, activated_at, updated_at)
    select
      domain_name,
      case when to_status in ('active', 'crashed', 'restarting') then to_status else 'inactive' end,
      tick_count,
      jsonb_build_object('state', to_status, 'generation', generation, 'reason', reason, 'runId', run_id,
        'node', node, 'eventId', id),
      activated_at,
      occurred_at
    from latest left join activation using (domain_name)
    order by domain_name
    on conflict (domain_name) do update set
      status = excluded.status,
      tick_count = excluded.tick_count,
      metadata = r.metadata || excluded.metadata,
      activated_at = coalesce(excluded.activated_at, r.activated_at),
      updated_at = excluded.updated_at
    where (r.metadata->>'eventId' < excluded.metadata->>'eventId' collate "C") is not false`
  const recording = operation("Repo.record")
  const claim = SqlRun.make(sql, { schema, exclusive: options?.exclusive ?? false })
  const claiming = operation("Repo.claimRun")
  const renewing = operation("Repo.renewRun")

  const found = Effect.fnUntraced(function*(name: string, query: EventQuery) {
    const order = query.order ?? "newest"
    const limit = pageLimit(query.limit)
    const cursor = query.cursor === undefined ? undefined : yield* EventCursor.decode(query.cursor, order)
    const where: Array<Fragment> = []
    if (query.domain !== undefined) where.push(sql`domain_name = ${SqlRow.toText(query.domain)}`)
    if (query.status !== undefined) where.push(sql`to_status = ${query.status}`)
    if (query.runId !== undefined) {
      // No run is called by anything but a UUID, and PostgreSQL would fail on the comparison.
      where.push(uuid.test(query.runId) ? sql`run_id = ${query.runId}::text::uuid` : sql.literal("false"))
    }
    if (query.fromTick !== undefined) where.push(sql`tick_count >= ${query.fromTick}`)
    if (query.toTick !== undefined) where.push(sql`tick_count < ${query.toTick}`)
    // The range of time is found by the ids, in their order; the sum keeps the planner from the index on the time.
    if (query.since !== undefined) where.push(sql`occurred_at + interval '0' >= ${time(query.since)}`)
    if (query.until !== undefined) where.push(sql`occurred_at + interval '0' < ${time(query.until)}`)
    if (cursor !== undefined) {
      where.push(sql`id ${sql.literal(order === "newest" ? "<" : ">")} ${cursor}::text::uuid`)
    }
    const page = sql`order by id ${sql.literal(order === "newest" ? "desc" : "asc")} limit ${limit + 1}`
    const select = (and: ReadonlyArray<Fragment>) =>
      sql`select ${eventColumns} from ${domainEvent} where ${sql.and([...where, ...and])} ${page}`
    const ids = SqlRow.idRange(query)
    const rows = yield* operation(name)(
      (ids.length === 0 ? select([]) : sql`
        select * from (
          (${
        select([
          sql.literal(`not (${misdated})`),
          ...ids.map(({ id, operator }) => sql`id ${sql.literal(operator)} ${id}::text::uuid`)
        ])
      })
          union all (${select([sql.literal(misdated)])})
        ) as found ${page}`) as Statement<SqlRow.EventColumns>
    )
    return pageOf(rows.map(SqlRow.toEvent), limit, order)
  })

  return makeRepo({
    backend: "postgresql",
    recordActivation: (domainName, tickCount, metadata) => recordActivation(domainName, "active", tickCount, metadata),
    updateStatus,
    listActive: rowsOf("Repo.listActive", sql`status = 'active'`),
    listDomains: rowsOf("Repo.listDomains", sql`true`),
    byDomainName: (domainName) =>
      Effect.map(
        rowsOf("Repo.byDomainName", sql`domain_name = ${SqlRow.toText(domainName)}`),
        (rows) => Option.fromUndefinedOr(rows[0])
      ),
    activationHistory: (limit) =>
      found("Repo.activationHistory", { status: "active", limit }).pipe(
        Effect.catchTag("InvalidCursor", Effect.die),
        Effect.map((page) => page.events)
      ),
    record: (events) => (events.length === 0 ? Effect.void : Effect.asVoid(recording(insertEvents(events)))),
    events: (query) => found("Repo.events", query),
    claimRun: (run, lease) => Effect.map(claiming(claim(run, lease)), ({ renew }) => ({ renew: renewing(renew) })),
    prune: (before, limit = 1_000) =>
      sql<{ readonly pruned: number }>`
        with pruned as (
          delete from ${domainEvent} where id = any(array(
            select id from ${domainEvent} where occurred_at < ${time(before)} order by occurred_at limit ${limit}
          )) returning 1
        ) select count(*)::int as pruned from pruned`.pipe(
        Effect.map((rows) => rows[0]!.pruned),
        operation("Repo.prune")
      ),
    beginRun: (run: Run) =>
      sql`
        insert into ${runs} (run_id, app, node, version, started_at, last_seen_at, ended_at, exit_reason)
        values (
          ${run.runId}::text::uuid, ${SqlRow.toText(run.app)}, ${SqlRow.toText(run.node)},
          ${SqlRow.toText(run.version)}, ${time(run.startedAt)}, ${time(run.lastSeenAt)},
          ${run.endedAt === null ? sql.literal("null") : time(run.endedAt)}, ${run.exitReason}
        ) on conflict (run_id) do nothing`.pipe(Effect.asVoid, operation("Repo.beginRun")),
    renewRun: (runId, at) =>
      sql`
        update ${runs} set last_seen_at = greatest(last_seen_at, ${time(at)})
        where run_id = ${runId}::text::uuid`.pipe(Effect.asVoid, operation("Repo.renewRun")),
    endRun: (runId, at, exitReason) =>
      sql`
        update ${runs} set
          last_seen_at = greatest(last_seen_at, ${time(at)}),
          ended_at = ${time(at)},
          exit_reason = ${SqlRow.toText(exitReason)}
        where run_id = ${runId}::text::uuid`.pipe(Effect.asVoid, operation("Repo.endRun")),
    runs: (limit) =>
      sql<SqlRow.RunColumns>`
        select run_id, app, node, version, started_at, last_seen_at, ended_at, exit_reason
        from ${runs} order by started_at desc, run_id desc limit ${pageLimit(limit)}`.pipe(
        Effect.map((rows) => rows.map(SqlRow.toRun)),
        operation("Repo.runs")
      )
  })
})

/**
 * The trail in PostgreSQL 14 and up, over the `SqlClient` that is provided (that of `@effect/sql-pg`). Building it asks
 * nothing of the database, so that a program can start while the database is away.
 */
export const layer = (
  options?: SqlRepoOptions
): Layer.Layer<Repo, Migrations.InvalidSchemaName, SqlClient> => Layer.effect(Repo, make(options))
