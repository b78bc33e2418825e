import * as Schema from "effect/Schema"
import { TickStats } from "../heartbeat/TickGenerator.ts"
import { StatusName } from "../model/DomainStatus.ts"

/** The figures of the program as a whole. */
export const Stats = Schema.Struct({
  run: Schema.Struct({
    runId: Schema.String,
    node: Schema.String,
    app: Schema.String,
    version: Schema.String,
    startedAt: Schema.DateTimeUtcFromString
  }),
  heartbeat: TickStats,
  domains: Schema.Struct({
    total: Schema.Natural,
    byStatus: Schema.Record(StatusName, Schema.Natural)
  }),
  /** The trail: whether it is written, and how many transitions wait, were written and were dropped. */
  trail: Schema.Struct({
    /** What the trail is kept in, such as `memory` or `postgresql`. */
    backend: Schema.String,
    /** Whether the trail outlives the program. */
    durable: Schema.Boolean,
    status: Schema.Literals(["ok", "degraded"]),
    since: Schema.NullOr(Schema.DateTimeUtcFromString),
    detail: Schema.NullOr(Schema.String),
    backlog: Schema.Natural,
    written: Schema.Natural,
    dropped: Schema.Natural
  }),
  /** Where telemetry is sent to, without what is secret in it; `null` when it is not sent anywhere. */
  telemetry: Schema.Struct({ collector: Schema.NullOr(Schema.String) }),
  /** How many clients follow the live stream. */
  followers: Schema.Natural,
  /** The time of the program's clock. */
  now: Schema.DateTimeUtcFromString
})
export interface Stats extends Schema.Schema.Type<typeof Stats> {}
