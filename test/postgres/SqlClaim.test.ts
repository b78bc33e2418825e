import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, it } from "@effect/vitest"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import * as SqlRepo from "../../src/postgres/SqlRepo.ts"
import { makeEvent } from "../../src/testing/TrailSamples.ts"
import type { Repo, Run } from "../../src/trail/Repo.ts"
import * as Database from "../support/Database.ts"

const lease = Duration.seconds(15)

const makeRun = (): Run => {
  const startedAt = DateTime.makeUnsafe(Date.now())
  return {
    runId: SecureRandom.uuidV7Unsafe(),
    app: "app",
    node: "node-1",
    version: "1.0.0",
    startedAt,
    lastSeenAt: startedAt,
    endedAt: null,
    exitReason: null
  }
}

/** A program of its own: a pool, and a run. */
const program = Effect.fnUntraced(function*(exclusive: boolean) {
  const schema = yield* Database.TestSchema
  const server = yield* Database.TestServer
  const repo = yield* Database.opened(SqlRepo.layer({ schema, exclusive }).pipe(Layer.provide(PgClient.layer(server))))
  return { repo, run: makeRun() }
})

/** Ends the sessions that hold locks, as when a program is killed. */
const killHolder = Effect.gen(function*() {
  const sql = yield* SqlClient
  const gone = sql`select 1 from pg_locks where locktype = 'advisory' and objsubid = 2`
  yield* sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 2`
  yield* Effect.repeat(gone, { until: (rows) => rows.length === 0, schedule: Schedule.spaced("5 millis") })
})

const runOf = (repo: Repo["Service"], run: Run) =>
  Effect.map(repo.runs(), (runs) => runs.find((one) => one.runId === run.runId))

it.layer(Database.layerServer, { excludeTestServices: true, timeout: "60 seconds" })("Claims in PostgreSQL", (it) => {
  it.effect("a live program is not disturbed by a second one, which is told which run it is", () =>
    Effect.gen(function*() {
      const [first, second] = [yield* program(false), yield* program(false)]
      const claim = yield* first.repo.claimRun(first.run, lease)
      const refusal = yield* Effect.flip(Effect.scoped(second.repo.claimRun(second.run, lease)))
      assert.containsSubset(refusal, { _tag: "RunInUse", runId: first.run.runId, node: "node-1", app: "app" })
      assert.include(refusal.message, DateTime.formatIso(first.run.startedAt))
      assert.isUndefined(yield* runOf(first.repo, second.run))
      yield* claim.renew
      assert.containsSubset(yield* runOf(first.repo, first.run), { endedAt: null })
    }).pipe(Effect.provide(Database.layerSchema)))

  it.effect("a restart right after a kill starts at once, and closes the killed run when its lease has expired", () =>
    Effect.gen(function*() {
      const [killed, next] = [yield* program(false), yield* program(false)]
      const domain = "thunderflow"
      yield* killed.repo.claimRun(killed.run, lease)
      yield* killed.repo.record([makeEvent({ runId: killed.run.runId, domain })])
      yield* killHolder
      const claim = yield* next.repo.claimRun(next.run, lease)
      yield* claim.renew
      assert.containsSubset(yield* runOf(next.repo, killed.run), { endedAt: null })
      assert.strictEqual(Option.getOrThrow(yield* next.repo.byDomainName(domain)).status, "active")
      const sql = yield* SqlClient
      yield* sql`update ${sql(`${yield* Database.TestSchema}.run`)}
        set last_seen_at = last_seen_at - interval '16 seconds' where run_id = ${killed.run.runId}::text::uuid`
      yield* claim.renew
      const closed = (yield* runOf(next.repo, killed.run))!
      assert.containsSubset(closed, { exitReason: "lost" })
      assert.deepStrictEqual(closed.endedAt, closed.lastSeenAt)
      assert.containsSubset(Option.getOrThrow(yield* next.repo.byDomainName(domain)), {
        status: "inactive",
        metadata: { state: "inactive", reason: "lost" }
      })
    }).pipe(Effect.provide(Database.layerSchema)))

  it.effect("a program that was not heard of for longer than its lease is replaced, although its session lives", () =>
    Effect.gen(function*() {
      const [frozen, next] = [yield* program(false), yield* program(false)]
      const claim = yield* frozen.repo.claimRun(frozen.run, lease)
      yield* next.repo.claimRun(next.run, Duration.zero)
      assert.containsSubset(yield* runOf(next.repo, frozen.run), { exitReason: "lost" })
      // It wakes: its session is gone, and the trail another's.
      assert.containsSubset(yield* Effect.flip(claim.renew), { _tag: "RepoUnavailable" })
      assert.containsSubset(yield* Effect.flip(Effect.scoped(frozen.repo.claimRun(frozen.run, lease))), {
        _tag: "RunInUse",
        runId: next.run.runId
      })
    }).pipe(Effect.provide(Database.layerSchema)))

  it.effect("a program whose session was cut claims its run again", () =>
    Effect.gen(function*() {
      const { repo, run } = yield* program(false)
      const scope = yield* Scope.make()
      const claim = yield* Scope.provide(repo.claimRun(run, lease), scope)
      yield* killHolder
      assert.containsSubset(yield* Effect.flip(claim.renew), { _tag: "RepoUnavailable" })
      yield* Scope.close(scope, Exit.void)
      const again = yield* repo.claimRun(run, lease)
      yield* again.renew
      assert.containsSubset(yield* runOf(repo, run), { endedAt: null })
    }).pipe(Effect.provide(Database.layerSchema)))

  it.effect("where nobody else can be, a run without an end is lost at once", () =>
    Effect.gen(function*() {
      const [killed, next] = [yield* program(false), yield* program(true)]
      yield* killed.repo.claimRun(killed.run, lease)
      yield* killHolder
      yield* next.repo.claimRun(next.run, lease)
      assert.containsSubset(yield* runOf(next.repo, killed.run), { exitReason: "lost" })
    }).pipe(Effect.provide(Database.layerSchema)))
})
