import * as DateTime from "effect/DateTime"
import type { SqlClient } from "effect/sql/SqlClient"
import type { Fragment, Identifier } from "effect/sql/Statement"

/** The tables of a schema, and the client that they are reached by. */
export interface SqlTables {
  readonly sql: SqlClient
  readonly schema: string
  readonly registry: Identifier
  readonly event: Identifier
  readonly run: Identifier
}

/** The rows are decoded by their own names, whatever the client does with names elsewhere. */
export const make = (client: SqlClient, schema: string): SqlTables => {
  const sql = client.withoutTransforms()
  return {
    sql,
    schema,
    registry: sql(`${schema}.active_domain_registry`),
    event: sql(`${schema}.domain_event`),
    run: sql(`${schema}.run`)
  }
}

/** A moment as a parameter. */
export const timestamp = (sql: SqlClient, at: DateTime.Utc): Fragment =>
  sql`${DateTime.formatIso(at)}::text::timestamptz`
