import * as Effect from "effect/Effect"
import { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { type RepoError, RepoRejected } from "../trail/Repo.ts"
import * as Migrations from "./Migrations.ts"
import { toRepoError } from "./SqlFailure.ts"
import type { SqlTables } from "./SqlTables.ts"

/**
 * Who brings the schema up to date. `on-first-use`: every operation makes sure that the migrations have run, until they
 * have once, so that a database which is away at the start makes no difference later. `never`: somebody else.
 */
export type Migrate = "on-first-use" | "never"

/** Makes an operation of the trail of an effect: with a name in the trace and in its errors, and the schema up to date. */
export type SqlOperation = (
  name: string
) => <A, E = never, R = never>(
  effect: Effect.Effect<A, SqlError | E, R>
) => Effect.Effect<A, RepoError | Exclude<E, SqlError>, R>

/** The operations on a schema. */
export const make = ({ schema, sql }: SqlTables, migrate: Migrate): SqlOperation => {
  let ready = migrate === "never"
  const migrations = Migrations.run(schema).pipe(
    Effect.provideService(SqlClient, sql),
    Effect.tap(() =>
      Effect.sync(() => {
        ready = true
      })
    )
  )
  return (name) => {
    const refuse = (error: Migrations.SchemaTooNew): RepoError =>
      new RepoRejected({ operation: name, detail: error.message, cause: error })
    const prepare = migrations.pipe(
      Effect.mapError((error) => (error._tag === "SqlError" ? toRepoError(name)(error) : refuse(error)))
    )
    return <A, E = never, R = never>(effect: Effect.Effect<A, SqlError | E, R>) => {
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
