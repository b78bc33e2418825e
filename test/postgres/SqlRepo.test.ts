import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it } from "@effect/vitest"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { SqlClient } from "effect/sql/SqlClient"
import * as EmbeddedPostgres from "../../src/postgres/embedded/EmbeddedPostgres.ts"
import * as SqlRepo from "../../src/postgres/SqlRepo.ts"
import * as RepoContract from "../../src/testing/RepoContract.ts"
import { makeEvent, trail } from "../../src/testing/TrailSamples.ts"
import * as Database from "../support/Database.ts"

const runner = { describe, it }

RepoContract.suite(
  "The trail on an embedded server",
  Database.layerRepo.pipe(Layer.provide(Database.layerServer)),
  runner
)

if (Database.externalUrl === undefined) {
  console.info("THUNDERLINE_TEST_DATABASE_URL is not set: the trail is not tested on an external server")
} else {
  RepoContract.suite(
    "The trail on the external server",
    Database.layerRepo.pipe(Layer.provide(Database.layerExternal(Database.externalUrl))),
    runner
  )
}

/** A `Repo` on the schema of the test whose sessions have settings of their own. */
const repoWith = (startupParameters: Record<string, string>) =>
  Effect.gen(function*() {
    const server = yield* Database.TestServer
    const schema = yield* Database.TestSchema
    return yield* Database.opened(
      SqlRepo.layer({ schema }).pipe(Layer.provide(PgClient.layer({ ...server, startupParameters })))
    )
  })

it.layer(Database.layerRepo.pipe(Layer.provideMerge(Database.layerServer)), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("The trail in PostgreSQL", (it) => {
  it.effect("leaves out NUL characters, and keeps what looks like one", () =>
    Effect.gen(function*() {
      const repo = yield* trail
      const event = makeEvent({
        runId: SecureRandom.uuidV7Unsafe(),
        domain: "nul\u0000-domain",
        node: "\u0000",
        cause: "a\u0000b\\u0000",
        metadata: { "k\u0000ey": "v\u0000", path: "C:\\u0000", half: "\ud800!", pair: "\u{1f600}" }
      })
      yield* repo.record([event])
      assert.deepStrictEqual((yield* repo.events({ runId: event.runId })).events, [{
        ...event,
        domain: "nul-domain",
        node: "",
        cause: "ab\\u0000",
        metadata: { key: "v", path: "C:\\u0000", half: "\ufffd!", pair: "\u{1f600}" }
      }])
      assert.containsSubset(yield* repo.updateStatus("nul\u0000-domain", "active", 1, { "\u0000": "\u0000" }), {
        domainName: "nul-domain",
        metadata: { "": "" }
      })
    }))

  it.effect("takes no text for SQL", () =>
    Effect.gen(function*() {
      const repo = yield* trail
      const domain = "'; drop table run; --"
      yield* repo.recordActivation(domain, 1)
      yield* repo.record([makeEvent({ domain })])
      assert.lengthOf((yield* repo.events({ domain })).events, 1)
      assert.deepStrictEqual(yield* repo.runs(), [])
    }))

  it.effect("records a batch in one round trip", () =>
    Effect.gen(function*() {
      const repo = yield* trail
      const sql = yield* SqlClient
      const xacts = Effect.gen(function*() {
        const rows = yield* sql<{ xmin: string }>`
          select distinct xmin::text from ${sql(`${yield* Database.TestSchema}.domain_event`)} where node = 'one-batch'`
        return rows.length
      })
      yield* repo.record(Array.from({ length: 2_000 }, () => makeEvent({ node: "one-batch" })))
      assert.strictEqual(yield* xacts, 1)
    }))

  it.effect("keeps nothing of a batch that is refused", () =>
    Effect.gen(function*() {
      const repo = yield* trail
      const runId = SecureRandom.uuidV7Unsafe()
      const good = makeEvent({ runId, domain: "refused" })
      for (const bad of [makeEvent({ runId, domain: "x".repeat(101) }), makeEvent({ runId, id: "no-uuid" })]) {
        assert.containsSubset(yield* Effect.flip(repo.record([good, bad])), {
          _tag: "RepoRejected",
          operation: "Repo.record"
        })
      }
      assert.deepStrictEqual((yield* repo.events({ runId })).events, [])
      assert.containsSubset(yield* repo.byDomainName("refused"), { _tag: "None" })
    }))

  it.effect("is unavailable, not refusing, when a statement takes too long or a lock is held", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient
      const slow = yield* repoWith({ statement_timeout: "100" })
      const blocked = yield* repoWith({ lock_timeout: "100" })
      const lock = sql`lock table ${sql(`${yield* Database.TestSchema}.domain_event`)}`
      const errors = yield* sql.withTransaction(
        Effect.andThen(lock, Effect.forEach([slow, blocked], (repo) => Effect.flip(repo.record([makeEvent()]))))
      )
      assert.deepStrictEqual(errors.map((error) => error._tag), ["RepoUnavailable", "RepoUnavailable"])
      assert.include(errors[0]!.message, "statement timeout")
    }))

  it.effect("is unavailable while the server takes no writes", () =>
    Effect.gen(function*() {
      const repo = yield* repoWith({ default_transaction_read_only: "on" })
      assert.containsSubset(yield* Effect.flip(repo.record([makeEvent()])), { _tag: "RepoUnavailable" })
      assert.instanceOf(yield* repo.listActive, Array)
    }))

  it.effect("is unavailable to a role that may not write, until it may", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient
      const schema = yield* Database.TestSchema
      const server = yield* Database.TestServer
      yield* sql`create role reader login`
      yield* sql`grant usage on schema ${sql(schema)} to reader`
      yield* sql`grant select on all tables in schema ${sql(schema)} to reader`
      const repo = yield* Database.opened(
        SqlRepo.layer({ schema }).pipe(Layer.provide(PgClient.layer({ ...server, username: "reader" })))
      )
      const error = yield* Effect.flip(repo.record([makeEvent()]))
      assert.strictEqual(error._tag, "RepoUnavailable")
      assert.include(error.detail, "permission denied")
      yield* sql`grant all on all tables in schema ${sql(schema)} to reader`
      yield* repo.record([makeEvent()])
    }))
})

describe("The trail on a server that comes and goes", () => {
  it.live("is built while the server is away, and has its tables made by the first use after", () =>
    Effect.gen(function*() {
      const folder = yield* Database.temporaryFolder
      const server = yield* Effect.scoped(EmbeddedPostgres.acquire(folder))
      const repo = yield* Database.opened(SqlRepo.layer().pipe(Layer.provide(PgClient.layer(server))))
      assert.containsSubset(yield* Effect.flip(repo.recordActivation("thunderflow", 1)), {
        _tag: "RepoUnavailable",
        operation: "Repo.recordActivation"
      })
      yield* EmbeddedPostgres.acquire(folder)
      assert.containsSubset(yield* repo.recordActivation("thunderflow", 2), { tickCount: 2 })
    }))

  it.live("loses nothing that it has acknowledged when every session is ended in the middle", () =>
    Effect.gen(function*() {
      const repo = yield* trail
      const sql = yield* SqlClient
      const runId = SecureRandom.uuidV7Unsafe()
      const end = sql`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()
        and backend_type = 'client backend'`
      const all = Array.from({ length: 40 }, (_, tick) => makeEvent({ runId, tick }))
      const errors: Array<string> = []
      const persistently = Effect.retry(Schedule.upTo(Schedule.spaced("10 millis"), { times: 500 }))
      yield* Effect.forEach(all, (event, i) =>
        repo.record([event]).pipe(
          Effect.tapError((error) => Effect.sync(() => errors.push(error._tag))),
          persistently,
          Effect.andThen(i % 4 === 0 ? Effect.ignore(end) : Effect.void)
        ), { concurrency: 4 })
      assert.deepStrictEqual(errors.filter((tag) => tag !== "RepoUnavailable"), [])
      const page = yield* persistently(repo.events({ runId, order: "oldest" }))
      assert.deepStrictEqual(page.events, all)
    }).pipe(Effect.provide(Database.layerRepo.pipe(Layer.provide(Database.layerServer)))))
})
