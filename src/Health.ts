import * as Schema from "effect/Schema"

/** The answer to a probe: whether it passes, and why, in one sentence. */
const fields = {
  /** Why, in one sentence. */
  reason: Schema.String,
  /** The count of the newest tick, 0 before the first. */
  tick: Schema.Natural,
  /** What is not as it should be and does not fail the probe, each in a few words, such as `audit: degraded`. */
  degraded: Schema.Array(Schema.String)
}

/** A probe that passes. */
export const Pass = Schema.Struct({ status: Schema.Literal("pass"), ...fields })

/** A probe that fails. */
export const Fail = Schema.Struct({ status: Schema.Literal("fail"), ...fields })

/** What a probe found. */
export type Report = typeof Pass.Type | typeof Fail.Type
