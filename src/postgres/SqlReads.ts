import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Fragment } from "effect/sql/Statement"
import * as EventCursor from "../trail/EventCursor.ts"
import { type EventQuery, pageLimit, pageOf } from "../trail/EventPage.ts"
import * as Repo from "../trail/Repo.ts"
import * as SqlEventQuery from "./SqlEventQuery.ts"
import type { SqlOperation } from "./SqlOperation.ts"
import * as SqlRow from "./SqlRow.ts"
import type { SqlTables } from "./SqlTables.ts"

const page = (tables: SqlTables, operation: SqlOperation) =>
  Effect.fnUntraced(function*(name: string, query: EventQuery) {
    const order = query.order ?? "newest"
    const limit = pageLimit(query.limit)
    const after = query.cursor === undefined ? undefined : yield* EventCursor.decode(query.cursor, order)
    const rows = yield* operation(name)(SqlEventQuery.select(tables, query, { after, limit: limit + 1 }))
    return pageOf(rows.map(SqlRow.toEvent), limit, order)
  })

/** The reading side of the trail in PostgreSQL. */
export const make = (tables: SqlTables, operation: SqlOperation): Repo.Repo["Service"] => {
  const { registry, run, sql } = tables
  const events = page(tables, operation)

  const rowsOf = (name: string, where: Fragment) =>
    sql<SqlRow.RegistryColumns>`
      select ${sql.literal(SqlRow.registryColumns)} from ${registry} where ${where}
      order by domain_name collate "C"`.pipe(
      Effect.map((rows) => rows.map(SqlRow.toRegistryRow)),
      operation(name)
    )

  return Repo.make({
    backend: "postgresql",
    durable: true,
    listActive: rowsOf("Repo.listActive", sql`status = 'active'`),
    listDomains: rowsOf("Repo.listDomains", sql`true`),
    byDomainName: (domainName) =>
      Effect.map(
        rowsOf("Repo.byDomainName", sql`domain_name = ${SqlRow.toText(domainName)}`),
        (rows) => Option.fromUndefinedOr(rows[0])
      ),
    activationHistory: (limit) =>
      events("Repo.activationHistory", { status: "active", limit }).pipe(
        Effect.catchTag("InvalidCursor", Effect.die),
        Effect.map((page) => page.events)
      ),
    events: (query) => events("Repo.events", query),
    runs: (limit) =>
      sql<SqlRow.RunColumns>`
        select run_id, app, node, version, started_at, last_seen_at, ended_at, exit_reason
        from ${run} order by started_at desc, run_id desc limit ${pageLimit(limit)}`.pipe(
        Effect.map((rows) => rows.map(SqlRow.toRun)),
        operation("Repo.runs")
      )
  })
}
