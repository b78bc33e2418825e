import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import { type Run, RunInUse } from "../trail/Run.ts"
import * as SqlRow from "./SqlRow.ts"

/** Who may be on the same trail. */
export interface SqlRunOptions {
  readonly schema: string
  /** Nobody but this program can reach the database: every other run without an end is lost, whatever its lease. */
  readonly exclusive: boolean
}

/**
 * Claims of a trail in PostgreSQL. The proof that the holder lives is a session lock on a connection of its own, which
 * ends with the process; the lease is what remains when the server itself has forgotten. Times are the server's.
 */
export const make = (sql: SqlClient, { exclusive, schema }: SqlRunOptions) => {
  const runs = sql(`${schema}.run`)
  const registry = sql(`${schema}.active_domain_registry`)
  const keys = sql`hashtext('thunderline run'), hashtext(${schema}::text)`

  return Effect.fnUntraced(function*(
    run: Run,
    leaseTime: Duration.Duration
  ): Effect.fn.Return<{ readonly renew: Effect.Effect<void, SqlError> }, SqlError | RunInUse, Scope.Scope> {
    const connection = yield* sql.reserve
    const here = Effect.provideService(sql.transactionService, [connection, 0] as const)
    const own = sql`${run.runId}::text::uuid`
    const expired = sql`(${exclusive} or last_seen_at < clock_timestamp() - ${
      Duration.toMillis(leaseTime)
    } * interval '1 millisecond')`
    const others = sql`ended_at is null and run_id <> ${own}`

    const transaction = <A, E>(effect: Effect.Effect<A, E>) =>
      Effect.andThen(connection.executeUnprepared("begin", [], undefined), here(effect)).pipe(
        Effect.tap(() => connection.executeUnprepared("commit", [], undefined)),
        Effect.onError(() => Effect.ignore(connection.executeUnprepared("rollback", [], undefined)))
      )

    const tryLock = sql<{ readonly locked: boolean }>`select pg_try_advisory_lock(${keys}) as locked`.pipe(
      Effect.map((rows) => rows[0]!.locked)
    )

    /** Ends the session of a holder that is not heard of any more: frozen, or cut off without a word. */
    const expel = sql`
      select pg_terminate_backend(pid) from pg_locks join pg_database on pg_database.oid = pg_locks.database
      where locktype = 'advisory' and datname = current_database() and objsubid = 2 and granted
        and (classid, objid) = (hashtext('thunderline run')::oid, hashtext(${schema}::text)::oid)`

    const lock = Effect.gen(function*() {
      if (yield* tryLock) return
      const live = yield* sql<Pick<SqlRow.RunColumns, "run_id" | "app" | "node" | "started_at">>`
        select run_id, app, node, started_at from ${runs}
        where ${others} and not ${expired} order by last_seen_at desc limit 1`
      const holder = live[0]
      if (holder !== undefined) {
        return yield* new RunInUse({
          runId: holder.run_id,
          app: holder.app,
          node: holder.node,
          since: DateTime.makeUnsafe(holder.started_at)
        })
      }
      yield* expel
      const locked = yield* tryLock.pipe(
        Effect.repeat({
          until: (locked) => locked,
          schedule: Schedule.upTo(Schedule.spaced("20 millis"), { times: 100 })
        })
      )
      if (!locked) return yield* interrupted("another session holds the trail and does not end")
    })

    const closeLost = Effect.gen(function*() {
      const lost = yield* sql<{ readonly run_id: string; readonly last_seen_at: Date }>`
        update ${runs} set ended_at = last_seen_at, exit_reason = 'lost' where ${others} and ${expired}
        returning run_id, last_seen_at`
      for (const { last_seen_at, run_id } of lost) {
        yield* sql`
          update ${registry} set
            status = 'inactive',
            metadata = metadata || '{"state": "inactive", "reason": "lost"}',
            updated_at = greatest(updated_at, ${last_seen_at.toISOString()}::text::timestamptz)
          where metadata->>'runId' = ${run_id}
            and (metadata->>'state' in ('crashed', 'inactive')) is not true`
      }
    })

    yield* Effect.addFinalizer(() => Effect.ignore(here(sql`select pg_advisory_unlock_all()`)))
    yield* transaction(Effect.gen(function*() {
      // One at a time decides who is alive.
      yield* sql`select pg_advisory_xact_lock(hashtext('thunderline claim'), hashtext(${schema}::text))`
      yield* lock
      yield* closeLost
      yield* sql`
        insert into ${runs} as r (run_id, app, node, version, started_at, last_seen_at)
        values (
          ${own}, ${SqlRow.toText(run.app)}, ${SqlRow.toText(run.node)}, ${SqlRow.toText(run.version)},
          ${DateTime.formatIso(run.startedAt)}::text::timestamptz, clock_timestamp()
        )
        on conflict (run_id) do update set
          last_seen_at = greatest(r.last_seen_at, excluded.last_seen_at), ended_at = null, exit_reason = null`
    }))

    const renew = Effect.gen(function*() {
      const rows = yield* here(sql<{ readonly lost: boolean }>`
        update ${runs} set last_seen_at = greatest(last_seen_at, clock_timestamp())
        where run_id = ${own} and ended_at is null
        returning exists (select 1 from ${runs} where ${others} and ${expired}) as lost`)
      if (rows.length === 0) return yield* interrupted("another program has closed this run")
      if (rows[0]!.lost) yield* transaction(closeLost)
    })
    return { renew }
  })
}

const interrupted = (message: string) =>
  new SqlError({ reason: new ConnectionError({ cause: new Error(message), message, operation: "claim" }) })
