import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Connection } from "effect/sql/SqlConnection"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import { type Run, RunInUse } from "../trail/Run.ts"
import * as SqlRow from "./SqlRow.ts"
import { type SqlTables, timestamp } from "./SqlTables.ts"

/** Which run claims the trail. */
export interface ClaimOptions {
  readonly run: Run
  readonly lease: Duration.Duration
  /** No other program can reach the database: every other run without an end is lost, whatever its lease. */
  readonly exclusive: boolean
}

/** A claim and the connection that it holds. */
interface Session extends SqlTables {
  readonly connection: Connection
  readonly own: Fragment
  /** Holds for runs of other programs that have no end. */
  readonly others: Fragment
  /** Holds for runs whose lease has expired. */
  readonly expired: Fragment
}

const here = ({ connection, sql }: Session) => Effect.provideService(sql.transactionService, [connection, 0] as const)

const transaction = <A, E>(session: Session, effect: Effect.Effect<A, E>) => {
  const control = (statement: string) => session.connection.executeUnprepared(statement, [], undefined)
  return Effect.andThen(control("begin"), here(session)(effect)).pipe(
    Effect.tap(() => control("commit")),
    Effect.onError(() => Effect.ignore(control("rollback")))
  )
}

const interrupted = (message: string) =>
  new SqlError({ reason: new ConnectionError({ cause: new Error(message), message, operation: "claim" }) })

const tryLock = ({ schema, sql }: Session) =>
  sql<{ readonly locked: boolean }>`
    select pg_try_advisory_lock(hashtext('thunderline run'), hashtext(${schema}::text)) as locked`.pipe(
    Effect.map((rows) => rows[0]!.locked)
  )

/** Ends the session of a holder that does not renew any more: frozen, or cut off without the server noticing. */
const expel = ({ schema, sql }: Session) =>
  sql`
    select pg_terminate_backend(pid) from pg_locks join pg_database on pg_database.oid = pg_locks.database
    where locktype = 'advisory' and datname = current_database() and objsubid = 2 and granted
      and (classid, objid) = (hashtext('thunderline run')::oid, hashtext(${schema}::text)::oid)`

/** Takes the session lock, from a holder whose lease has expired if need be. Fails when the holder is alive. */
const lock = Effect.fnUntraced(function*(session: Session) {
  if (yield* tryLock(session)) return
  const { expired, others, run, sql } = session
  const live = yield* sql<Pick<SqlRow.RunColumns, "run_id" | "app" | "node" | "started_at">>`
    select run_id, app, node, started_at from ${run}
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
  yield* expel(session)
  const locked = yield* tryLock(session).pipe(
    Effect.repeat({
      until: (locked) => locked,
      schedule: Schedule.upTo(Schedule.spaced("20 millis"), { times: 100 })
    })
  )
  if (!locked) return yield* interrupted("another session holds the trail and does not end")
})

/** Ends the runs whose lease has expired, when they last renewed; their domains are not active any more. */
const closeLost = Effect.fnUntraced(function*({ expired, others, registry, run, sql }: Session) {
  const lost = yield* sql<{ readonly run_id: string; readonly last_seen_at: Date }>`
    update ${run} set ended_at = last_seen_at, exit_reason = 'lost' where ${others} and ${expired}
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

/** Opens the run, or continues it. */
const open = ({ own, run: runs, sql }: Session, run: Run) =>
  sql`
    insert into ${runs} as r (run_id, app, node, version, started_at, last_seen_at)
    values (
      ${own}, ${SqlRow.toText(run.app)}, ${SqlRow.toText(run.node)}, ${SqlRow.toText(run.version)},
      ${timestamp(sql, run.startedAt)}, clock_timestamp()
    )
    on conflict (run_id) do update set
      last_seen_at = greatest(r.last_seen_at, excluded.last_seen_at), ended_at = null, exit_reason = null`

const renew = Effect.fnUntraced(function*(session: Session) {
  const { expired, others, own, run, sql } = session
  const rows = yield* here(session)(sql<{ readonly lost: boolean }>`
    update ${run} set last_seen_at = greatest(last_seen_at, clock_timestamp())
    where run_id = ${own} and ended_at is null
    returning exists (select 1 from ${run} where ${others} and ${expired}) as lost`)
  if (rows.length === 0) return yield* interrupted("another program has closed this run")
  if (rows[0]!.lost) yield* transaction(session, closeLost(session))
})

/**
 * Claims the trail in PostgreSQL for the life of the scope. The proof that the holder lives is a session lock on a
 * connection of its own, which ends with the process; the lease is what remains when the server itself has forgotten.
 * Times are the server's.
 */
export const claim = Effect.fnUntraced(
  function*(
    tables: SqlTables,
    { exclusive, lease, run }: ClaimOptions
  ): Effect.fn.Return<{ readonly renew: Effect.Effect<void, SqlError> }, SqlError | RunInUse, Scope.Scope> {
    const { schema, sql } = tables
    const own = sql`${run.runId}::text::uuid`
    const session: Session = {
      ...tables,
      connection: yield* sql.reserve,
      own,
      others: sql`ended_at is null and run_id <> ${own}`,
      expired: sql`(${exclusive} or last_seen_at < clock_timestamp() - ${
        Duration.toMillis(lease)
      } * interval '1 millisecond')`
    }
    yield* Effect.addFinalizer(() => Effect.ignore(here(session)(sql`select pg_advisory_unlock_all()`)))
    yield* transaction(
      session,
      Effect.gen(function*() {
        // Only one program at a time decides who is alive.
        yield* sql`select pg_advisory_xact_lock(hashtext('thunderline claim'), hashtext(${schema}::text))`
        yield* lock(session)
        yield* closeLost(session)
        yield* open(session, run)
      })
    )
    return { renew: renew(session) }
  }
)
