import * as Effect from "effect/Effect"
import { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

/**
 * Holds for transitions whose id does not say when they happened, to a second: few, made after a clock was set back. For
 * all others a range of time is a range of ids, which is how pages are ordered. The first 48 bits of a version 7 UUID are
 * its milliseconds. The text is the same as in the index.
 */
export const misdated = `abs(date_part('epoch', occurred_at - timestamptz '1970-01-01 00:00:00+00') * 1000 - ` +
  `('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint) > 1000`

/** The trail's three tables and their indexes. */
export const up = (schema: string): Effect.Effect<void, SqlError, SqlClient> =>
  Effect.gen(function*() {
    const sql = yield* SqlClient
    const registry = sql(`${schema}.active_domain_registry`)
    const event = sql(`${schema}.domain_event`)
    const run = sql(`${schema}.run`)

    yield* sql`create table ${registry} (
      id uuid primary key default gen_random_uuid(),
      domain_name text not null unique check (char_length(domain_name) between 1 and 100),
      status text not null check (status in ('active', 'inactive', 'crashed', 'restarting')),
      tick_count bigint not null,
      metadata jsonb not null default '{}',
      activated_at timestamptz,
      updated_at timestamptz not null
    ) with (fillfactor = 50)`

    yield* sql`create table ${event} (
      id uuid primary key,
      run_id uuid not null,
      node text not null,
      domain_name text not null check (char_length(domain_name) between 1 and 100),
      generation int not null,
      epoch bigint not null,
      tick_count bigint not null,
      wave int,
      from_status text not null,
      to_status text not null,
      reason text not null,
      cause text,
      duration_ms double precision,
      metadata jsonb not null default '{}',
      trace_id text,
      span_id text,
      occurred_at timestamptz not null
    )`
    // Ids sort by the time they were made; every page is in their order.
    yield* sql`create index domain_event_by_domain on ${event} (domain_name, id)`
    yield* sql`create index domain_event_by_run on ${event} (run_id, id)`
    yield* sql`create index domain_event_by_tick on ${event} (tick_count, id)`
    yield* sql`create index domain_event_by_status on ${event} (to_status, id)`
    yield* sql`create index domain_event_by_time on ${event} (occurred_at)`
    yield* sql`create index domain_event_astray on ${event} (id) where ${sql.literal(misdated)}`

    yield* sql`create table ${run} (
      run_id uuid primary key,
      app text not null,
      node text not null,
      version text not null,
      started_at timestamptz not null,
      last_seen_at timestamptz not null,
      ended_at timestamptz,
      exit_reason text
    )`
    yield* sql`create index run_by_start on ${run} (started_at, run_id)`
  })
