import * as DateTime from "effect/DateTime"
import type { Fragment, Statement } from "effect/sql/Statement"
import type { EventQuery } from "../trail/EventPage.ts"
import { misdated } from "./migrations/0001_trail.ts"
import * as SqlRow from "./SqlRow.ts"
import { type SqlTables, timestamp } from "./SqlTables.ts"

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A transition behind which the page begins, and the most transitions to read. */
interface Page {
  readonly after: string | undefined
  readonly limit: number
}

const conditions = ({ sql }: SqlTables, query: EventQuery, after: string | undefined): ReadonlyArray<Fragment> => {
  const where: Array<Fragment> = []
  if (query.domain !== undefined) where.push(sql`domain_name = ${SqlRow.toText(query.domain)}`)
  if (query.status !== undefined) where.push(sql`to_status = ${query.status}`)
  if (query.runId !== undefined) {
    // Every run's id is a UUID, and PostgreSQL would fail on the comparison with anything else.
    where.push(uuid.test(query.runId) ? sql`run_id = ${query.runId}::text::uuid` : sql.literal("false"))
  }
  if (query.fromTick !== undefined) where.push(sql`tick_count >= ${query.fromTick}`)
  if (query.toTick !== undefined) where.push(sql`tick_count < ${query.toTick}`)
  // The range of time is found by the ids, in their order; the sum keeps the planner from the index on the time.
  if (query.since !== undefined) where.push(sql`occurred_at + interval '0' >= ${timestamp(sql, query.since)}`)
  if (query.until !== undefined) where.push(sql`occurred_at + interval '0' < ${timestamp(sql, query.until)}`)
  if (after !== undefined) {
    where.push(sql`id ${sql.literal(query.order === "oldest" ? ">" : "<")} ${after}::text::uuid`)
  }
  return where
}

/** The smallest id of a moment. */
const firstId = (millis: number): string => {
  const hex = Math.max(0, millis).toString(16).padStart(12, "0")
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

/** A range of time as a range of ids, for transitions whose id says when they happened, give or take a second. */
const idRange = ({ sql }: SqlTables, { since, until }: EventQuery): ReadonlyArray<Fragment> => {
  const at = (moment: DateTime.Utc, margin: number) => firstId(DateTime.toEpochMillis(moment) + margin)
  return [
    ...since === undefined ? [] : [sql`id >= ${at(since, -1_001)}::text::uuid`],
    ...until === undefined ? [] : [sql`id < ${at(until, 1_001)}::text::uuid`]
  ]
}

/** The statement that reads a page. A range of time also reads the transitions whose id does not say when they happened. */
export const select = (
  tables: SqlTables,
  query: EventQuery,
  { after, limit }: Page
): Statement<SqlRow.EventColumns> => {
  const { event, sql } = tables
  const where = conditions(tables, query, after)
  const page = sql`order by id ${sql.literal(query.order === "oldest" ? "asc" : "desc")} limit ${limit}`
  const found = (and: ReadonlyArray<Fragment>) =>
    sql<SqlRow.EventColumns>`
      select ${sql.literal(SqlRow.eventColumns)} from ${event} where ${sql.and([...where, ...and])} ${page}`
  const range = idRange(tables, query)
  if (range.length === 0) return found([])
  const dated = found([sql.literal(`not (${misdated})`), ...range])
  return sql`
    select * from ((${dated}) union all (${found([sql.literal(misdated)])})) as found ${page}`
}
