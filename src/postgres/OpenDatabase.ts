import type * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SqlClient } from "effect/sql/SqlClient"
import type { Purpose } from "../node/StateFolder.ts"
import * as MemoryRepo from "../trail/MemoryRepo.ts"
import type { Repo, RepoUnavailable } from "../trail/Repo.ts"
import type { RepoWriter } from "../trail/RepoWriter.ts"
import type { Database } from "./Database.ts"
import type { EmbeddedPostgresError } from "./embedded/EmbeddedPostgres.ts"
import * as Migrations from "./Migrations.ts"
import * as PostgresTrail from "./PostgresTrail.ts"
import { toRepoError } from "./SqlFailure.ts"

/** A database that cannot be opened, however long one waits. */
export type DatabaseError = PostgresTrail.TrailError | EmbeddedPostgresError

/** A client of a database that is a server: for what needs more than the trail. */
export const layerClient = (
  { location, stateDir }: Database,
  purpose: Purpose
): Layer.Layer<PgClient.PgClient | SqlClient, EmbeddedPostgresError> => {
  switch (location._tag) {
    case "embedded":
      return PostgresTrail.layerEmbeddedPool(stateDir, purpose)
    case "external":
      return PostgresTrail.layerPool({ url: location.url })
    case "memory":
      return Layer.effectContext(Effect.die(new Error("There is no server where the trail is in memory")))
  }
}

/** The trail in the database, to `run` a program on it or to `read` while one may be running. */
export const layer = (
  database: Database,
  { migrate, purpose }: { readonly purpose: Purpose; readonly migrate?: boolean | undefined }
): Layer.Layer<Repo | RepoWriter, DatabaseError> => {
  const { location, schema } = database
  if (location._tag === "memory") return MemoryRepo.layer
  // The lock of the state folder proves that nobody else is on an embedded server.
  return PostgresTrail.layer({ schema, migrate, exclusive: location._tag === "embedded" }).pipe(
    Layer.provide(layerClient(database, purpose))
  )
}

/** Brings the schema up to date and returns what was applied, in order: nothing, if it was. */
export const migrate = Effect.fn("Database.migrate")(
  function*(
    database: Database
  ): Effect.fn.Return<ReadonlyArray<Migrations.AppliedMigration>, DatabaseError | RepoUnavailable> {
    if (database.location._tag === "memory") return []
    return yield* Migrations.run(database.schema).pipe(
      Effect.catchTag("SqlError", (error) => Effect.fail(toRepoError("migrate")(error))),
      Effect.provide(layerClient(database, "read"))
    )
  }
)
