import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { SqlClient } from "effect/sql/SqlClient"
import { type Database, Location } from "../../src/postgres/Database.ts"
import * as Migrations from "../../src/postgres/Migrations.ts"
import * as OpenDatabase from "../../src/postgres/OpenDatabase.ts"
import { trail } from "../../src/testing/TrailSamples.ts"
import { Repo } from "../../src/trail/Repo.ts"
import { freePort, temporaryFolder } from "../support/Database.ts"

const at = (location: Location, stateDir = "/nonexistent/thunderline"): Database => ({
  location,
  schema: "thunderline",
  stateDir
})
const embedded = Effect.map(temporaryFolder, (folder) => at(Location.embedded({ source: "default" }), folder))
const run = (database: Database) => OpenDatabase.layer(database, { purpose: "run" })

describe("A database is opened", () => {
  it.effect("as this process's memory, which has no schema to migrate", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Repo).backend, "memory")
      assert.deepStrictEqual(yield* OpenDatabase.migrate(at(Location.memory())), [])
    }).pipe(Effect.provide(run(at(Location.memory())))))

  it.live("as a server in the state folder, and is read by others meanwhile and afterwards", () =>
    Effect.gen(function*() {
      const database = { ...yield* embedded, schema: "app" }
      const read = Effect.provide(
        Effect.map(Repo.use((repo) => repo.listActive), (rows) => rows.map((row) => row.domainName)),
        OpenDatabase.layer(database, { purpose: "read" })
      )
      yield* Effect.gen(function*() {
        const repo = yield* trail
        assert.containsSubset(repo, { backend: "postgresql", durable: true })
        yield* repo.recordActivation("thunderflow", 1)
        assert.deepStrictEqual(yield* read, ["thunderflow"])
      }).pipe(Effect.provide(run(database)))
      assert.deepStrictEqual(yield* read, ["thunderflow"])
    }))

  it.live("and brought up to date by hand, which says what was done", () =>
    Effect.gen(function*() {
      const database = yield* embedded
      assert.deepStrictEqual(yield* OpenDatabase.migrate(database), [{ id: 1, name: "trail" }])
      assert.deepStrictEqual(yield* OpenDatabase.migrate(database), [])
    }))

  it.live("but not when its schema is too new", () =>
    Effect.gen(function*() {
      const database = yield* embedded
      yield* OpenDatabase.migrate(database)
      yield* SqlClient.use((sql) => sql`insert into thunderline.migration (migration_id, name) values (99, 'later')`)
        .pipe(Effect.provide(OpenDatabase.layerClient(database, "run")))
      assert.containsSubset(yield* Effect.flip(Effect.scoped(Layer.build(run(database)))), {
        _tag: "SchemaTooNew",
        found: 99,
        known: Migrations.latest
      })
    }))

  it.live("with sessions that have a name and a limit to their statements", () =>
    Effect.gen(function*() {
      const rows = yield* SqlClient.use((sql) =>
        sql`select current_setting('application_name') as name, current_setting('statement_timeout') as timeout`
      ).pipe(Effect.provide(OpenDatabase.layerClient(yield* embedded, "run")))
      assert.deepStrictEqual(rows, [{ name: "thunderline", timeout: "10s" }])
    }))

  it.live("while it is away: the program starts, and what it does with the trail says so", () =>
    Effect.gen(function*() {
      const url = Redacted.make(`postgres://me:secret@127.0.0.1:${yield* freePort}/app`)
      const database = at(Location.external({ url, source: "--database" }))
      yield* Effect.gen(function*() {
        const error = yield* Effect.flip((yield* Repo).listActive)
        assert.containsSubset(error, { _tag: "RepoUnavailable", operation: "Repo.listActive" })
        assert.include(error.message, "ECONNREFUSED")
      }).pipe(Effect.provide(run(database)))
      assert.containsSubset(yield* Effect.flip(OpenDatabase.migrate(database)), { _tag: "RepoUnavailable" })
    }))
})
