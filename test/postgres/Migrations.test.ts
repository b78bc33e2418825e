import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { SqlClient } from "effect/sql/SqlClient"
import * as Migrations from "../../src/postgres/Migrations.ts"
import * as SchemaName from "../../src/postgres/SchemaName.ts"
import * as SqlRepo from "../../src/postgres/SqlRepo.ts"
import { makeEvent } from "../../src/testing/TrailSamples.ts"
import { layerRepo, layerSchema, layerServer, opened, TestSchema, TestServer } from "../support/Database.ts"

const tablesOf = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* SqlClient
  const rows = yield* sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = ${schema} order by 1`
  return rows.map((row) => row.name)
})
const tables = ["active_domain_registry", "domain_event", "migration", "run"]

it.layer(layerServer, { excludeTestServices: true, timeout: "60 seconds" })("Migrations", (it) => {
  it.effect("make the tables, say so, and have nothing to do the next time", () =>
    Effect.gen(function*() {
      const schema = yield* TestSchema
      assert.deepStrictEqual(yield* Migrations.run(schema), [{ id: 1, name: "trail" }])
      assert.deepStrictEqual(yield* Migrations.run(schema), [])
      assert.deepStrictEqual(yield* tablesOf(schema), tables)
      assert.deepStrictEqual(yield* tablesOf("public"), [])
    }).pipe(Effect.provide(layerSchema)))

  it.effect("are applied once when eight programs start at the same time", () =>
    Effect.gen(function*() {
      const schema = yield* TestSchema
      const server = yield* TestServer
      const programs = yield* Effect.forEach(
        Array.from({ length: 8 }),
        () => Migrations.run(schema).pipe(Effect.provide(PgClient.layer(server))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(programs.filter((applied) => applied.length > 0), [[{ id: 1, name: "trail" }]])
      assert.deepStrictEqual(yield* tablesOf(schema), tables)
    }).pipe(Effect.provide(layerSchema)))

  it.effect("keep the rows of two apps apart", () => {
    const app = Layer.fresh(layerRepo)
    return Effect.gen(function*() {
      const [one, two] = [yield* opened(app), yield* opened(app)]
      yield* one.recordActivation("thunderflow", 1)
      assert.strictEqual(Option.getOrThrow(yield* one.byDomainName("thunderflow")).tickCount, 1)
      assert.deepStrictEqual(yield* two.byDomainName("thunderflow"), Option.none())
    })
  })

  it.effect("refuse a schema that a newer program has made, and leave it as it is", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient
      const schema = yield* TestSchema
      yield* Migrations.run(schema)
      yield* sql`insert into ${sql(`${schema}.migration`)} (migration_id, name) values (99, 'later')`
      const error = yield* Effect.flip(Migrations.run(schema))
      assert.containsSubset(error, { _tag: "SchemaTooNew", schema, found: 99, known: Migrations.latest })
      assert.include(error.message, "version 99")
      const repo = yield* opened(SqlRepo.layer({ schema }))
      assert.containsSubset(yield* Effect.flip(repo.record([makeEvent()])), {
        _tag: "RepoRejected",
        operation: "Repo.record",
        detail: error.message
      })
      assert.deepStrictEqual(yield* sql`select * from ${sql(`${schema}.domain_event`)}`, [])
    }).pipe(Effect.provide(layerSchema)))

  it.effect("need no right to make schemas when an administrator has made it", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient
      const schema = yield* TestSchema
      const server = yield* TestServer
      yield* sql`create role ${sql(schema)} login`
      yield* sql`create schema ${sql(schema)} authorization ${sql(schema)}`
      const applied = Migrations.run(schema).pipe(Effect.provide(PgClient.layer({ ...server, username: schema })))
      assert.deepStrictEqual(yield* applied, [{ id: 1, name: "trail" }])
    }).pipe(Effect.provide(layerSchema)))
})

it.effect("A schema's name is checked before it is used", () =>
  Effect.gen(function*() {
    const accepted = ["thunderline", "a", "app_2", "x".repeat(63)]
    assert.deepStrictEqual(yield* Effect.forEach(accepted, SchemaName.check), accepted)
    for (const schema of ["", "public", "pg_catalog", "2nd", "App", "a-b", "a.b", "a\"; drop", "x".repeat(64)]) {
      assert.containsSubset(yield* Effect.flip(SchemaName.check(schema)), { _tag: "InvalidSchemaName", schema })
    }
  }))
