/**
 * Who may do what, and how often: the contract between the control plane and a domain that decides. Provide it from a
 * domain of your own to replace the control plane's rate limit; the shipped domain `thundergate` does.
 *
 * @example
 * ```ts
 * import { Duration, Effect, Layer } from "effect"
 * import { Admission, Domain } from "thunderline"
 *
 * const door = Domain.make("door", {
 *   layer: Layer.succeed(Admission.Admission, {
 *     admit: (caller, action) =>
 *       action === "domain.deactivate"
 *         ? Effect.fail(new Admission.Forbidden({ caller: caller.name, action }))
 *         : Effect.succeed({ remaining: 1, resetAfter: Duration.zero })
 *   })
 * })
 * ```
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** Who asks: a name, and the roles that the credentials gave it. */
export const Caller = Schema.Struct({ name: Schema.String, roles: Schema.Array(Schema.String) })
export interface Caller extends Schema.Schema.Type<typeof Caller> {}

/** The caller may not do this. */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  caller: Schema.String,
  action: Schema.String
}) {
  override get message() {
    return `${this.caller} may not ${this.action}`
  }
}

/** The caller has used up its requests; after `retryAfter` there is room again. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  caller: Schema.String,
  limit: Schema.Natural,
  window: Schema.DurationFromMillis,
  retryAfter: Schema.DurationFromMillis
}) {
  override get message() {
    return `${this.caller} has made ${this.limit} requests in ${Duration.format(this.window)}: ` +
      `try again in ${Duration.format(this.retryAfter)}`
  }
}

/** What an admitted caller has left, and when all of it is back. */
export interface Admitted {
  readonly remaining: number
  readonly resetAfter: Duration.Duration
}

/**
 * Who may do what, and how often.
 *
 * A domain that provides this service decides for the control plane while it is active; the domain `thundergate` does.
 * Without one the control plane applies its own rule: a caller with the token may do everything, 60 times a minute.
 */
export class Admission extends Context.Service<Admission, {
  /** Takes one request, such as `domain.restart`, from the caller's rate. What is refused takes nothing. */
  readonly admit: (caller: Caller, action: string) => Effect.Effect<Admitted, Forbidden | RateLimited>
}>()("thunderline/Admission") {}
