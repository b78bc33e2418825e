import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"

/** A row of `run`: one start of the program. `lastSeenAt` is a lease that the program renews while it lives. */
export const Run = Schema.Struct({
  runId: Schema.String,
  app: Schema.String,
  node: Schema.String,
  version: Schema.String,
  startedAt: Schema.DateTimeUtcFromString,
  lastSeenAt: Schema.DateTimeUtcFromString,
  endedAt: Schema.NullOr(Schema.DateTimeUtcFromString),
  exitReason: Schema.NullOr(Schema.String)
})
export interface Run extends Schema.Schema.Type<typeof Run> {}

/** Another program is alive on this trail; nothing of it was touched. */
export class RunInUse extends Schema.TaggedError<RunInUse>()("RunInUse", {
  runId: Schema.String,
  app: Schema.String,
  node: Schema.String,
  /** When that run began. */
  since: Schema.DateTimeUtcFromString
}) {
  override get message() {
    return `The trail is in use by ${this.app}, run ${this.runId} on node ${this.node}, since ` +
      `${DateTime.formatIso(this.since)}: stop that one first, or give this one a schema of its own`
  }
}
