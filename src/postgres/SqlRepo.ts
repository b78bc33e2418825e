import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SqlClient } from "effect/sql/SqlClient"
import { Repo } from "../trail/Repo.ts"
import { RepoWriter } from "../trail/RepoWriter.ts"
import * as SchemaName from "./SchemaName.ts"
import * as SqlOperation from "./SqlOperation.ts"
import * as SqlReads from "./SqlReads.ts"
import * as SqlTables from "./SqlTables.ts"
import * as SqlWrites from "./SqlWrites.ts"

/** How the trail is kept in a database. */
export interface SqlRepoOptions {
  /** The schema that the tables are in (default `thunderline`). */
  readonly schema?: string | undefined
  /** Who brings the schema up to date (default `on-first-use`). */
  readonly migrate?: SqlOperation.Migrate | undefined
  /**
   * `true` when no other program can reach the database, as with an embedded server: a run that has no end is then lost
   * at once, without waiting for its lease (default `false`).
   */
  readonly exclusive?: boolean | undefined
}

const make = Effect.fnUntraced(function*({ exclusive = false, migrate = "on-first-use", schema }: SqlRepoOptions = {}) {
  const name = yield* SchemaName.check(schema ?? SchemaName.defaultSchema)
  const tables = SqlTables.make(yield* SqlClient, name)
  const operation = SqlOperation.make(tables, migrate)
  return Context.make(Repo, SqlReads.make(tables, operation)).pipe(
    Context.add(RepoWriter, SqlWrites.make(tables, operation, exclusive))
  )
})

/**
 * The trail in PostgreSQL 14 and up, over the `SqlClient` that is provided (that of `@effect/sql-pg`). Building it sends
 * nothing to the database, so that a program can start while the database is away.
 */
export const layer = (
  options?: SqlRepoOptions
): Layer.Layer<Repo | RepoWriter, SchemaName.InvalidSchemaName, SqlClient> => Layer.effectContext(make(options))
