import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import type { DomainEvent } from "../model/DomainEvent.ts"
import type { StatusName } from "../model/DomainStatus.ts"

/** The four values of the column `status` of `active_domain_registry`. */
export const RegistryStatus = Schema.Literals(["active", "inactive", "crashed", "restarting"])
export type RegistryStatus = typeof RegistryStatus.Type

/** The column's value for each of the seven states; the exact state is in `metadata`. */
export const registryStatus = (status: StatusName): RegistryStatus => {
  switch (status) {
    case "active":
    case "crashed":
    case "restarting":
      return status
    default:
      return "inactive"
  }
}

/**
 * A row of `active_domain_registry`: where a domain stands now.
 *
 * Of a row that a transition made, `metadata` holds `state` (one of the seven), `generation`, `reason`, `runId`, `node`
 * and `eventId`, the transition itself; other keys are kept.
 */
export const RegistryRow = Schema.Struct({
  id: Schema.String,
  domainName: Schema.String,
  status: RegistryStatus,
  tickCount: Schema.Natural,
  metadata: Schema.Record(Schema.String, Schema.Json),
  activatedAt: Schema.NullOr(Schema.DateTimeUtcFromString),
  updatedAt: Schema.DateTimeUtcFromString
})
export interface RegistryRow extends Schema.Schema.Type<typeof RegistryRow> {}

/**
 * The row after a transition, the same for every backend. Transitions are ordered by `id`, not by the clock, which may be
 * set back: one that is not newer than the transition that the row comes from changes nothing.
 */
export const afterEvent = (row: RegistryRow | undefined, event: DomainEvent): RegistryRow => {
  const last = row?.metadata["eventId"]
  if (row !== undefined && typeof last === "string" && last >= event.id) return row
  return {
    id: row?.id ?? event.id,
    domainName: event.domain,
    status: registryStatus(event.to),
    tickCount: event.tick,
    metadata: {
      ...row?.metadata,
      state: event.to,
      generation: event.generation,
      reason: event.reason,
      runId: event.runId,
      node: event.node,
      eventId: event.id
    },
    activatedAt: event.to === "active" ? event.occurredAt : row?.activatedAt ?? null,
    updatedAt: event.occurredAt
  }
}

/**
 * The row after the run that it comes from was closed as lost: the domain is inactive, unless it was crashed or inactive
 * already.
 */
export const afterLoss = (
  row: RegistryRow,
  run: { readonly runId: string; readonly lastSeenAt: DateTime.Utc }
): RegistryRow =>
  row.metadata["runId"] !== run.runId || row.metadata["state"] === "crashed" || row.metadata["state"] === "inactive"
    ? row
    : {
      ...row,
      status: "inactive",
      metadata: { ...row.metadata, state: "inactive", reason: "lost" },
      updatedAt: DateTime.max(row.updatedAt, run.lastSeenAt)
    }
