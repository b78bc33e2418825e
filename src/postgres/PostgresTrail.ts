import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SqlClient } from "effect/sql/SqlClient"
import type * as StateFolder from "../node/StateFolder.ts"
import type { Repo, RepoRejected } from "../trail/Repo.ts"
import type { RepoWriter } from "../trail/RepoWriter.ts"
import * as EmbeddedPostgres from "./embedded/EmbeddedPostgres.ts"
import * as Migrations from "./Migrations.ts"
import * as SchemaName from "./SchemaName.ts"
import { toRepoError } from "./SqlFailure.ts"
import * as SqlRepo from "./SqlRepo.ts"

/** How the trail is kept in PostgreSQL, whichever server it is; everything has a default. */
export interface TrailOptions {
  /** The app's schema in the database (default `thunderline`). */
  readonly schema?: string | undefined
  /**
   * Whether the schema is brought up to date (default `true`). `false` leaves it as it is, and fails when it is not the
   * one that this program knows.
   */
  readonly migrate?: boolean | undefined
}

/** A database that the trail cannot be kept in, however long one waits. */
export type TrailError =
  | SchemaName.InvalidSchemaName
  | Migrations.SchemaTooNew
  | Migrations.SchemaTooOld
  | RepoRejected

/** Migrates, or only checks, now if the database is there; if it is away, the first use of the trail does. */
const migrateIfThere = (schema: string, migrate: boolean) =>
  (migrate ? Effect.asVoid(Migrations.run(schema)) : Migrations.check(schema)).pipe(
    Effect.catchTag("SqlError", (error) => Effect.fail(toRepoError("migrate")(error))),
    Effect.catchTag("RepoUnavailable", (error) => Effect.logWarning(`[Repo] ${error.message}`))
  )

/**
 * The trail over a client, its schema up to date. A server that does not answer is no failure: operations on the trail
 * fail with `RepoUnavailable` until it does.
 */
export const layer = (
  { exclusive, migrate = true, schema = SchemaName.defaultSchema }: TrailOptions & {
    readonly exclusive?: boolean | undefined
  }
): Layer.Layer<Repo | RepoWriter, TrailError, SqlClient> =>
  Layer.unwrap(Effect.map(SchemaName.check(schema), (schema) =>
    Layer.merge(
      SqlRepo.layer({ schema, migrate: migrate ? "on-first-use" : "never", exclusive }),
      Layer.effectDiscard(migrateIfThere(schema, migrate))
    )))

/**
 * A pool of at most ten connections, opened when they are needed. A statement ends after ten seconds, an attempt to
 * connect after five or `connect_timeout` of the URL. PgBouncer needs `ignore_startup_parameters = statement_timeout`.
 */
export const layerPool = (server: PgClient.PgPoolConfig): Layer.Layer<PgClient.PgClient | SqlClient> =>
  PgClient.layer({
    ...server,
    maxConnections: 10,
    applicationName: "thunderline",
    keepAlive: "30 seconds",
    startupParameters: { statement_timeout: "10000" }
  }).pipe(
    // A pool that opens its connections later has nothing to fail with.
    Layer.catchTag("SqlError", (error) => Layer.effectContext(Effect.die(error)))
  )

/** A pool on the server of a state folder: `run` starts it, `read` shares the one that runs, or starts one for the time. */
export const layerEmbeddedPool = (
  stateDir: string,
  purpose: StateFolder.Purpose
): Layer.Layer<PgClient.PgClient | SqlClient, EmbeddedPostgres.EmbeddedPostgresError> =>
  Layer.unwrap(
    Effect.map(
      purpose === "read" ? EmbeddedPostgres.connect(stateDir) : EmbeddedPostgres.acquire(stateDir),
      layerPool
    )
  )
