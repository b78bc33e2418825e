import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { DomainEvent } from "../model/DomainEvent.ts"
import type { RegistryRow } from "../trail/Projection.ts"
import { keptCause } from "../trail/RepoWriter.ts"
import type { Run } from "../trail/Run.ts"

/**
 * JSON text that PostgreSQL takes as it is: NUL characters, which it cannot store, are left out, and halves of
 * surrogate pairs become the replacement character.
 */
export const toJson = (value: unknown): string => {
  const json = JSON.stringify(value)
  return /\\u(?:0000|d[89a-f])/.test(json)
    ? json.replace(
      /\\(?:u([0-9a-f]{4})|.)/g,
      (escape, code: string | undefined) =>
        code === "0000" ? "" : code !== undefined && /^d[89a-f]/.test(code) ? "\ufffd" : escape
    )
    : json
}

/** Text that PostgreSQL takes as it is: without NUL characters. */
export const toText = (value: string): string => value.replaceAll("\u0000", "")

const text = (get: (event: DomainEvent) => string | null) => (event: DomainEvent) => {
  const value = get(event)
  return value === null ? null : toText(value)
}

/** The columns of `domain_event`: each with its type, and what a transition puts there. */
const columns: ReadonlyArray<readonly [name: string, type: string, oid: number, get: (event: DomainEvent) => unknown]> =
  [
    ["id", "uuid", PgTypes.OID.uuid, (event) => event.id],
    ["run_id", "uuid", PgTypes.OID.uuid, (event) => event.runId],
    ["node", "text", PgTypes.OID.text, text((event) => event.node)],
    ["domain_name", "text", PgTypes.OID.text, text((event) => event.domain)],
    ["generation", "int", PgTypes.OID.int4, (event) => event.generation],
    ["epoch", "bigint", PgTypes.OID.int8, (event) => BigInt(event.epoch)],
    ["tick_count", "bigint", PgTypes.OID.int8, (event) => BigInt(event.tick)],
    ["wave", "int", PgTypes.OID.int4, (event) => event.wave],
    ["from_status", "text", PgTypes.OID.text, (event) => event.from],
    ["to_status", "text", PgTypes.OID.text, (event) => event.to],
    ["reason", "text", PgTypes.OID.text, (event) => event.reason],
    ["cause", "text", PgTypes.OID.text, text((event) => keptCause(event.cause))],
    ["duration_ms", "double precision", PgTypes.OID.float8, (event) => event.durationMs],
    ["metadata", "jsonb", PgTypes.OID.text, (event) => toJson(event.metadata)],
    ["trace_id", "text", PgTypes.OID.text, text((event) => event.traceId)],
    ["span_id", "text", PgTypes.OID.text, text((event) => event.spanId)],
    ["occurred_at", "timestamptz", PgTypes.OID.timestamptz, (event) => DateTime.toEpochMillis(event.occurredAt)]
  ]

/** The names of the columns of `domain_event`, in the order in which they are written and read. */
export const eventColumns = columns.map(([name]) => name).join(", ")

/** The same as expressions on what {@link eventArrays} gives. */
export const eventValues = columns.map(([name, type]) => `${name}::${type}`).join(", ")

/**
 * Transitions as one array for each column, for `unnest`: sent in binary, so that the server has no text to parse,
 * which for rows this wide is three times as fast as JSON.
 */
export const eventArrays = (events: ReadonlyArray<DomainEvent>): ReadonlyArray<PgTypes.Parameter> =>
  columns.map(([, , oid, get]) => Result.getOrThrow(PgTypes.array(events.map(get), oid)))

type Metadata = Readonly<Record<string, Schema.Json>>

/** A row of `domain_event` as the client decodes it. */
export interface EventColumns {
  readonly id: string
  readonly run_id: string
  readonly node: string
  readonly domain_name: string
  readonly generation: number
  readonly epoch: bigint
  readonly tick_count: bigint
  readonly wave: number | null
  readonly from_status: DomainEvent["from"]
  readonly to_status: DomainEvent["to"]
  readonly reason: DomainEvent["reason"]
  readonly cause: string | null
  readonly duration_ms: number | null
  readonly metadata: Metadata
  readonly trace_id: string | null
  readonly span_id: string | null
  readonly occurred_at: Date
}

export const toEvent = (row: EventColumns): DomainEvent => ({
  id: row.id,
  runId: row.run_id,
  node: row.node,
  domain: row.domain_name,
  generation: row.generation,
  epoch: Number(row.epoch),
  tick: Number(row.tick_count),
  wave: row.wave,
  from: row.from_status,
  to: row.to_status,
  reason: row.reason,
  cause: row.cause,
  durationMs: row.duration_ms,
  metadata: row.metadata,
  traceId: row.trace_id,
  spanId: row.span_id,
  occurredAt: DateTime.fromDateUnsafe(row.occurred_at)
})

/** The columns of `active_domain_registry`. */
export const registryColumns = "id, domain_name, status, tick_count, metadata, activated_at, updated_at"

/** A row of `active_domain_registry` as the client decodes it. */
export interface RegistryColumns {
  readonly id: string
  readonly domain_name: string
  readonly status: RegistryRow["status"]
  readonly tick_count: bigint
  readonly metadata: Metadata
  readonly activated_at: Date | null
  readonly updated_at: Date
}

export const toRegistryRow = (row: RegistryColumns): RegistryRow => ({
  id: row.id,
  domainName: row.domain_name,
  status: row.status,
  tickCount: Number(row.tick_count),
  metadata: row.metadata,
  activatedAt: row.activated_at === null ? null : DateTime.fromDateUnsafe(row.activated_at),
  updatedAt: DateTime.fromDateUnsafe(row.updated_at)
})

/** A row of `run` as the client decodes it. */
export interface RunColumns {
  readonly run_id: string
  readonly app: string
  readonly node: string
  readonly version: string
  readonly started_at: Date
  readonly last_seen_at: Date
  readonly ended_at: Date | null
  readonly exit_reason: string | null
}

export const toRun = (row: RunColumns): Run => ({
  runId: row.run_id,
  app: row.app,
  node: row.node,
  version: row.version,
  startedAt: DateTime.fromDateUnsafe(row.started_at),
  lastSeenAt: DateTime.fromDateUnsafe(row.last_seen_at),
  endedAt: row.ended_at === null ? null : DateTime.fromDateUnsafe(row.ended_at),
  exitReason: row.exit_reason
})
