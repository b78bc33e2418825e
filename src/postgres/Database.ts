import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Repo from "../trail/Repo.ts"
import * as EmbeddedPostgres from "./embedded/EmbeddedPostgres.ts"
import * as Migrations from "./Migrations.ts"
import { toRepoError } from "./SqlFailure.ts"
import * as SqlRepo from "./SqlRepo.ts"

/** What was given as the database is neither a word for one nor the URL of one. Does not repeat it: it may hold a password. */
export class InvalidDatabaseUrl extends Schema.TaggedError<InvalidDatabaseUrl>()("InvalidDatabaseUrl", {
  detail: Schema.String
}) {
  override get message() {
    return `The database is "embedded", "memory" or a URL like postgres://user:password@host:5432/name: ${this.detail}`
  }
}

/** Which database the trail is kept in. */
export interface DatabaseOptions {
  /** `memory`, `embedded`, or the URL of a PostgreSQL server. */
  readonly database: string
  /** Where the embedded server keeps its data. */
  readonly stateDir: string
  /** The app's schema in the database (default `thunderline`). */
  readonly schema?: string | undefined
  /**
   * `run` (the default) takes the state folder for a program. `read` shares the embedded server of the program that
   * runs, and starts one for the time of the reading when none does.
   */
  readonly purpose?: "run" | "read" | undefined
  /** `false` leaves the schema as it is, and fails when it is not the one that this program knows (default `true`). */
  readonly migrate?: boolean | undefined
}

/** A database that cannot be had, however long one waits. */
export type DatabaseError =
  | InvalidDatabaseUrl
  | Migrations.InvalidSchemaName
  | Migrations.SchemaTooNew
  | Migrations.SchemaTooOld
  | Repo.RepoRejected
  | EmbeddedPostgres.EmbeddedPostgresError

const sslModes = new Set([null, "disable", "allow", "prefer", "require", "verify-ca", "verify-full"])

/** Checks what the client would only say at the first query. */
const checkUrl = (url: string): Effect.Effect<Redacted.Redacted, InvalidDatabaseUrl> => {
  const refuse = (detail: string) => Effect.fail(new InvalidDatabaseUrl({ detail }))
  if (!/^postgres(ql)?:\/\//.test(url)) return refuse("it does not begin with postgres:// or postgresql://")
  const parsed = URL.parse(url)
  if (parsed === null) {
    return refuse("it cannot be parsed; characters like @, /, # and % in a password are written as %40, %2F, %23, %25")
  }
  try {
    for (const part of [parsed.hostname, parsed.username, parsed.password, parsed.pathname]) decodeURIComponent(part)
  } catch {
    return refuse("a % in it is not followed by two hexadecimal digits; a % itself is written as %25")
  }
  if (!sslModes.has(parsed.searchParams.get("sslmode"))) return refuse("its sslmode is none that PostgreSQL knows")
  return Effect.succeed(Redacted.make(url))
}

/**
 * A pool of at most ten connections, opened when they are needed. A statement ends after ten seconds, an attempt to
 * connect after five or `connect_timeout` of the URL. PgBouncer needs `ignore_startup_parameters = statement_timeout`.
 */
const pool = (where: PgClient.PgPoolConfig): Layer.Layer<PgClient.PgClient | SqlClient, SqlError> =>
  PgClient.layer({
    ...where,
    maxConnections: 10,
    applicationName: "thunderline",
    keepAlive: "30 seconds",
    startupParameters: { statement_timeout: "10000" }
  })

/** A client of the database, for what needs more than the `Repo`. The embedded server, if it is that, is started. */
export const layerClient = (
  options: DatabaseOptions
): Layer.Layer<
  PgClient.PgClient | SqlClient,
  InvalidDatabaseUrl | EmbeddedPostgres.EmbeddedPostgresError
> =>
  Layer.unwrap(
    Effect.gen(function*() {
      if (options.database !== "embedded") return pool({ url: yield* checkUrl(options.database) })
      const acquire = options.purpose === "read" ? EmbeddedPostgres.connect : EmbeddedPostgres.acquire
      return pool(yield* acquire(options.stateDir))
    })
  ).pipe(
    // A pool that opens its connections later has nothing to fail with.
    Layer.catchTag("SqlError", (error) => Layer.effectContext(Effect.die(error)))
  )

/** Migrates, or only looks, now if the database is there; if it is away, the first use of the `Repo` does. */
const migrateIfThere = (schema: string, migrate: boolean) =>
  (migrate ? Effect.asVoid(Migrations.run(schema)) : Migrations.check(schema)).pipe(
    Effect.catchTag("SqlError", (error) => Effect.fail(toRepoError("migrate")(error))),
    Effect.catchTag("RepoUnavailable", (error) => Effect.logWarning(`[Repo] ${error.message}`))
  )

/**
 * The `Repo` in the database of choice, its schema up to date. A server that does not answer makes no failure: what is
 * done with the `Repo` fails with `RepoUnavailable` until it does.
 */
export const layer = (options: DatabaseOptions): Layer.Layer<Repo.Repo, DatabaseError> =>
  options.database === "memory" ? Repo.layerMemory : Layer.unwrap(
    Effect.gen(function*() {
      const schema = yield* Migrations.checkSchema(options.schema ?? Migrations.defaultSchema)
      const { migrate = true } = options
      return SqlRepo.layer({
        schema,
        migrate: migrate ? "on-first-use" : "never",
        exclusive: options.database === "embedded"
      }).pipe(
        Layer.merge(Layer.effectDiscard(migrateIfThere(schema, migrate))),
        Layer.provide(layerClient(options))
      )
    })
  )

/** Brings the schema up to date and returns what was applied, in order: nothing, if it was. */
export const migrate = Effect.fn("Database.migrate")(
  function*(
    options: DatabaseOptions
  ): Effect.fn.Return<ReadonlyArray<Migrations.AppliedMigration>, DatabaseError | Repo.RepoUnavailable> {
    if (options.database === "memory") return []
    const schema = yield* Migrations.checkSchema(options.schema ?? Migrations.defaultSchema)
    return yield* Migrations.run(schema).pipe(
      Effect.catchTag("SqlError", (error) => Effect.fail(toRepoError("migrate")(error))),
      Effect.provide(layerClient(options))
    )
  }
)
