/**
 * Says when the program has to end, because a domain that escalates is crashed for good. Use it where a host decides what to
 * do then; `Thunderline.launch` ends the process by itself.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Escalation } from "thunderline"
 *
 * const alarm = Effect.flatMap(Escalation.Escalation.use(({ await: escalated }) => escalated), Effect.logFatal)
 * ```
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"

/** What a cause says before its first stack frame and the errors below it, in one line. */
const headOf = (cause: string): string =>
  cause.split(/\n\s+at (?!\[")|\s\{\n\s+\[cause\]/)[0]!.replaceAll(/\s*\n\s*/g, " ")

/**
 * The program has to end: a domain that escalates is crashed for good. A process whose main effect fails with it exits
 * with 70, so that the platform starts it again.
 */
export class Escalated extends Schema.TaggedError<Escalated>()("Escalated", {
  domain: Schema.String,
  /** The last failure, pretty-printed. */
  cause: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = 70
  // `Thunderline.launch` has logged it.
  override readonly [Runtime.errorReported] = false
  override get message() {
    return `Domain ${this.domain} is crashed for good and ends the program: ${headOf(this.cause)}`
  }
}

/** Says when the program has to end. */
export class Escalation extends Context.Service<Escalation, {
  /** Completes with the first escalation. */
  readonly await: Effect.Effect<Escalated>
  /** The first escalation, if there was one. */
  readonly raised: Effect.Effect<Option.Option<Escalated>>
}>()("thunderline/Escalation") {}
