import * as PgClient from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { SqlClient } from "effect/sql/SqlClient"
import { chmod, mkdtemp, rm } from "node:fs/promises"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as EmbeddedPostgres from "../../src/postgres/embedded/EmbeddedPostgres.ts"
import * as SqlRepo from "../../src/postgres/SqlRepo.ts"
import { trail } from "../../src/testing/TrailSamples.ts"
import type { Repo } from "../../src/trail/Repo.ts"
import type { RepoWriter } from "../../src/trail/RepoWriter.ts"

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

/** A port that nobody listens on: one that was just given up. */
export const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** An embedded server in a temporary folder: a second to start, so one for a whole file. */
export const layerServer = Layer.effect(TestServer, Effect.flatMap(temporaryFolder, EmbeddedPostgres.acquire))

/** The server that `THUNDERLINE_TEST_DATABASE_URL` names. */
export const externalUrl = process.env["THUNDERLINE_TEST_DATABASE_URL"]
export const layerExternal = (url: string) => Layer.succeed(TestServer, { url: Redacted.make(url) })

/** The trail that a layer provides, kept for the scope of the test. */
export const opened = <E, R>(layer: Layer.Layer<Repo | RepoWriter, E, R>) =>
  Effect.flatMap(Layer.build(layer), (context) => Effect.provideContext(trail, context))

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
export const layerRepo: Layer.Layer<
  Repo | RepoWriter | TestSchema | SqlClient | PgClient.PgClient,
  unknown,
  TestServer
> = Layer
  .unwrap(Effect.map(TestSchema, (schema) => SqlRepo.layer({ schema }))).pipe(Layer.provideMerge(layerSchema))
