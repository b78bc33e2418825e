/**
 * A job in a lane: how it is awaited, and the ways in which it ends. Use its errors to tell a job that failed from one that
 * was refused or cut.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Lanes } from "thunderline/domains"
 *
 * const answer = Lanes.Lanes.use((lanes) => lanes.submit("default", "answer", Effect.succeed(42))).pipe(
 *   Effect.flatMap((job) => job.await),
 *   Effect.catchTag("LaneFull", () => Effect.succeed(0))
 * )
 * ```
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** There is no lane of that name. */
export class UnknownLane extends Schema.TaggedError<UnknownLane>()("UnknownLane", {
  lane: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `There is no lane "${this.lane}"; there are: ${this.known.join(", ")}`
  }
}

/** The lane's queue has no room and its policy is to refuse. */
export class LaneFull extends Schema.TaggedError<LaneFull>()("LaneFull", {
  lane: Schema.String,
  job: Schema.String,
  capacity: Schema.Natural
}) {
  override get message() {
    return `Lane ${this.lane} has ${this.capacity} jobs queued: ${this.job} is refused`
  }
}

/** An attempt reached the lane's deadline and was cut. The submitter sees it when no retry is left. */
export class JobTimedOut extends Schema.TaggedError<JobTimedOut>()("JobTimedOut", {
  lane: Schema.String,
  job: Schema.String,
  deadline: Schema.DurationFromMillis
}) {
  override get message() {
    return `Job ${this.job} in lane ${this.lane} was cut at its deadline`
  }
}

/**
 * The lanes ended before the job was done: it was not accepted (`submitting`), not begun (`queued`), or interrupted
 * (`running`). A job that interrupts itself also ends with this.
 */
export class JobInterrupted extends Schema.TaggedError<JobInterrupted>()("JobInterrupted", {
  lane: Schema.String,
  job: Schema.String,
  stage: Schema.Literals(["submitting", "queued", "running"])
}) {
  override get message() {
    return `Job ${this.job} in lane ${this.lane} was interrupted while ${this.stage}`
  }
}

/** How a job ended, in the event `lanes.job`. */
export const JobOutcome = Schema.Struct({
  lane: Schema.String,
  job: Schema.String,
  outcome: Schema.Literals(["succeeded", "failed", "timed-out"]),
  attempts: Schema.Natural,
  durationMs: Schema.Finite
})
export interface JobOutcome extends Schema.Schema.Type<typeof JobOutcome> {}

/** A submitted job. Not awaiting it, or giving up awaiting it, does not cancel it. */
export interface Job<out A, out E> {
  readonly await: Effect.Effect<A, E | JobTimedOut | JobInterrupted>
}
