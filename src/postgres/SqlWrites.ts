import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { RegistryStatus } from "../trail/Projection.ts"
import { RepoWriter } from "../trail/RepoWriter.ts"
import * as SqlClaim from "./SqlClaim.ts"
import type { SqlOperation } from "./SqlOperation.ts"
import * as SqlRecord from "./SqlRecord.ts"
import * as SqlRow from "./SqlRow.ts"
import { type SqlTables, timestamp } from "./SqlTables.ts"

/** Makes or changes the row of a domain. */
const put = ({ registry, sql }: SqlTables, operation: SqlOperation, name: string) =>
  Effect.fnUntraced(
    function*(domainName: string, status: RegistryStatus, tickCount: number, metadata: Schema.JsonObject = {}) {
      const now = timestamp(sql, yield* DateTime.now)
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
        returning ${sql.literal(SqlRow.registryColumns)}`
      return SqlRow.toRegistryRow(rows[0]!)
    },
    operation(name)
  )

/** Begins, renews and ends runs without a claim. */
const runWrites = (
  { run: runs, sql }: SqlTables,
  operation: SqlOperation
): Pick<RepoWriter["Service"], "beginRun" | "renewRun" | "endRun"> => ({
  beginRun: (run) =>
    sql`
      insert into ${runs} (run_id, app, node, version, started_at, last_seen_at, ended_at, exit_reason)
      values (
        ${run.runId}::text::uuid, ${SqlRow.toText(run.app)}, ${SqlRow.toText(run.node)},
        ${SqlRow.toText(run.version)}, ${timestamp(sql, run.startedAt)}, ${timestamp(sql, run.lastSeenAt)},
        ${run.endedAt === null ? sql.literal("null") : timestamp(sql, run.endedAt)}, ${run.exitReason}
      ) on conflict (run_id) do nothing`.pipe(Effect.asVoid, operation("Repo.beginRun")),
  renewRun: (runId, at) =>
    sql`
      update ${runs} set last_seen_at = greatest(last_seen_at, ${timestamp(sql, at)})
      where run_id = ${runId}::text::uuid`.pipe(Effect.asVoid, operation("Repo.renewRun")),
  endRun: (runId, at, exitReason) =>
    sql`
      update ${runs} set
        last_seen_at = greatest(last_seen_at, ${timestamp(sql, at)}),
        ended_at = ${timestamp(sql, at)},
        exit_reason = ${SqlRow.toText(exitReason)}
      where run_id = ${runId}::text::uuid`.pipe(Effect.asVoid, operation("Repo.endRun"))
})

/** The writing side of the trail in PostgreSQL. */
export const make = (tables: SqlTables, operation: SqlOperation, exclusive: boolean): RepoWriter["Service"] => {
  const { event, sql } = tables
  const recordActivation = put(tables, operation, "Repo.recordActivation")
  const recording = operation("Repo.record")
  const claiming = operation("Repo.claimRun")
  const renewing = operation("Repo.renewRun")
  return RepoWriter.of({
    ...runWrites(tables, operation),
    record: (events) => events.length === 0 ? Effect.void : Effect.asVoid(recording(SqlRecord.insert(tables, events))),
    recordActivation: (domainName, tickCount, metadata) => recordActivation(domainName, "active", tickCount, metadata),
    updateStatus: put(tables, operation, "Repo.updateStatus"),
    claimRun: (run, lease) =>
      SqlClaim.claim(tables, { run, lease, exclusive }).pipe(
        claiming,
        Effect.map(({ renew }) => ({ renew: renewing(renew) }))
      ),
    prune: (before, limit = 1_000) =>
      sql<{ readonly pruned: number }>`
        with pruned as (
          delete from ${event} where id = any(array(
            select id from ${event} where occurred_at < ${timestamp(sql, before)} order by occurred_at limit ${limit}
          )) returning 1
        ) select count(*)::int as pruned from pruned`.pipe(
        Effect.map((rows) => rows[0]!.pruned),
        operation("Repo.prune")
      )
  })
}
