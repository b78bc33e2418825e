import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Migrator from "effect/sql/Migrator"
import { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import * as initial from "./migrations/0001_trail.ts"
import { defaultSchema } from "./SchemaName.ts"
import { sqlState } from "./SqlFailure.ts"

/** The schema in the database was made by a newer version of the program. */
export class SchemaTooNew extends Schema.TaggedError<SchemaTooNew>()("SchemaTooNew", {
  schema: Schema.String,
  found: Schema.Int,
  known: Schema.Int
}) {
  override get message() {
    return `The database schema "${this.schema}" is at version ${this.found}, this program knows up to ` +
      `${this.known}: start the newer program, or use another schema`
  }
}

/** The schema in the database is older than the program, or not there, and was not to be changed. */
export class SchemaTooOld extends Schema.TaggedError<SchemaTooOld>()("SchemaTooOld", {
  schema: Schema.String,
  found: Schema.Int,
  known: Schema.Int
}) {
  override get message() {
    return `The database schema "${this.schema}" is ${this.found === 0 ? "not there" : `at version ${this.found}`}, ` +
      `this program needs ${this.known}: run "thunderline migrate" first`
  }
}

/** A migration that was run. */
export interface AppliedMigration {
  readonly id: number
  readonly name: string
}

/** Forward only: what is here never changes, later versions add to it. */
const migrations = (schema: string) => ({
  "0001_trail": initial.up(schema)
})

/** The version of the schema that this program knows. */
export const latest = Math.max(...Object.keys(migrations(defaultSchema)).map((key) => Number.parseInt(key, 10)))

const tableOf = (schema: string) => `${schema}.migration`

const versionOf = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* SqlClient
  const rows = yield* sql<{ readonly version: number | null }>`
    select max(migration_id) as version from ${sql(tableOf(schema))}`
  return rows[0]?.version ?? 0
})

/** The version of a schema, 0 when it has none. */
const found = (schema: string) =>
  versionOf(schema).pipe(Effect.catchIf((error) => sqlState(error) === "42P01", () => Effect.succeed(0)))

/** Fails unless the schema is the one that this program knows. Changes nothing. */
export const check = Effect.fn("Migrations.check")(
  function*(schema: string): Effect.fn.Return<void, SchemaTooNew | SchemaTooOld | SqlError, SqlClient> {
    const version = yield* found(schema)
    if (version > latest) return yield* new SchemaTooNew({ schema, found: version, known: latest })
    if (version < latest) return yield* new SchemaTooOld({ schema, found: version, known: latest })
  }
)

const apply = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* SqlClient
  // One starter at a time, through a pooler too: the lock belongs to the transaction.
  yield* sql`select pg_advisory_xact_lock(hashtext(${`thunderline migrations of ${schema}`}))`
  // `create schema if not exists` needs the right to create schemas even when there is nothing to create.
  const there = yield* sql`select 1 from pg_namespace where nspname = ${schema}`
  if (there.length === 0) yield* sql`create schema ${sql(schema)}`
  const applied = yield* Migrator.make({})({
    loader: Migrator.fromRecord(migrations(schema)),
    table: tableOf(schema)
  }).pipe(
    Effect.catchTag("MigrationError", (error) => isSqlError(error.cause) ? Effect.fail(error.cause) : Effect.die(error))
  )
  return { applied, version: yield* versionOf(schema) }
})

/**
 * Brings a schema up to date, making it if need be, and returns what was applied, in order. Any number of programs may
 * do so at once. Costs one query where there is nothing to do. Statements name their schema instead of relying on a
 * search path, which a pooler between program and database does not keep.
 */
export const run = Effect.fn("Migrations.run")(
  function*(
    schema: string
  ): Effect.fn.Return<
    ReadonlyArray<AppliedMigration>,
    SchemaTooNew | SqlError,
    SqlClient
  > {
    const sql = yield* SqlClient
    const before = yield* found(schema)
    const { applied, version } = before < latest
      ? yield* sql.withTransaction(apply(schema)).pipe(
        // A connection that ends in a transaction also fails its rollback, which is raised as a defect.
        Effect.catchDefect((defect) => (isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect)))
      )
      : { applied: [], version: before }
    if (version > latest) return yield* new SchemaTooNew({ schema, found: version, known: latest })
    return applied.map(([id, name]) => ({ id, name }))
  }
)
