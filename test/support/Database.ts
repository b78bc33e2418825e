import * as PgClient from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { SqlClient } from "effect/sql/SqlClient"
import { chmod, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as EmbeddedPostgres from "../../src/postgres/embedded/EmbeddedPostgres.ts"
import * as SqlRepo from "../../src/postgres/SqlRepo.ts"
import type { Repo } from "../../src/trail/Repo.ts"

/** A PostgreSQL server for tests: where it is reached. */
export class TestServer extends Context.Service<TestServer, PgClient.PgPoolConfig>()("test/TestServer") {}

/** A schema of one's own on a `TestServer`. */
export class TestSchema extends Context.Service<TestSchema, string>()("test/TestSchema") {}

/** A folder that is gone afterwards. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.promise(async () => {
    const folder = await mkdtemp(join(tmpdir(), "thunderline-test-"))
    // Under root, PostgreSQL's own user has to pass through.
    await chmod(folder, 0o711)
    return folder
  }),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)

/** An embedded server in a temporary folder: a second to start, so one for a whole file. */
export const layerServer = Layer.effect(TestServer, Effect.flatMap(temporaryFolder, EmbeddedPostgres.acquire))

/** The server that `THUNDERLINE_TEST_DATABASE_URL` names. */
export const externalUrl = process.env["THUNDERLINE_TEST_DATABASE_URL"]
export const layerExternal = (url: string) => Layer.succeed(TestServer, { url: Redacted.make(url) })

/** What a layer provides, kept for the scope of the test. */
export const provided = <I, A, E, R>(tag: Context.Key<I, A>, layer: Layer.Layer<I, E, R>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, tag))

/** A pool on the server, and a new schema (without tables yet) that is dropped afterwards. */
export const layerSchema = Layer.unwrap(
  Effect.map(TestServer, (server) => {
    const schema = `test_${SecureRandom.uuidV4Unsafe().replaceAll("-", "")}`
    const drop = Effect.gen(function*() {
      const sql = yield* SqlClient
      yield* Effect.addFinalizer(() => Effect.ignore(sql`drop schema if exists ${sql(schema)} cascade`))
    })
    return Layer.effectDiscard(drop).pipe(
      Layer.provideMerge(PgClient.layer(server)),
      Layer.merge(Layer.succeed(TestSchema, schema))
    )
  })
)

/** A `Repo` with a schema of its own on the server: 40 ms. */
export const layerRepo: Layer.Layer<Repo | TestSchema | SqlClient | PgClient.PgClient, unknown, TestServer> = Layer
  .unwrap(Effect.map(TestSchema, (schema) => SqlRepo.layer({ schema }))).pipe(Layer.provideMerge(layerSchema))
