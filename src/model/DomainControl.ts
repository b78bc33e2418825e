/**
 * Operations on domains: restart, activate, deactivate. Use it from a domain or from the program around it. The command
 * line and the dashboard use the same operations over HTTP.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { DomainControl } from "thunderline"
 *
 * const program = Effect.gen(function*() {
 *   const control = yield* DomainControl.DomainControl
 *   yield* control.restart("payments").pipe(
 *     Effect.catchTag("OperationRefused", (refused) => Effect.log(refused.message))
 *   )
 * })
 * ```
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { StatusName } from "./DomainStatus.ts"

/** What an operator can ask of a domain. */
export const Operation = Schema.Literals(["restart", "activate", "deactivate"])
export type Operation = typeof Operation.Type

/** No domain has that name. */
export class UnknownDomain extends Schema.TaggedError<UnknownDomain>()("UnknownDomain", {
  domain: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `There is no domain "${this.domain}"; there are: ${this.known.join(", ")}`
  }
}

/** The domain's state does not allow that operation. */
export class OperationRefused extends Schema.TaggedError<OperationRefused>()("OperationRefused", {
  domain: Schema.String,
  operation: Operation,
  status: StatusName
}) {
  override get message() {
    return `Domain ${this.domain} is ${this.status}: it cannot ${this.operation}`
  }
}

/** The application is shutting down and takes no more operations. */
export class ShuttingDown extends Schema.TaggedError<ShuttingDown>()("ShuttingDown", {
  domain: Schema.String,
  operation: Operation
}) {
  override get message() {
    return `The application is shutting down: ${this.operation} ${this.domain} is refused`
  }
}

/** The operation was made, but could not be written to the trail, which this application requires. */
export class TrailUnavailable extends Schema.TaggedError<TrailUnavailable>()("TrailUnavailable", {
  domain: Schema.String,
  operation: Operation,
  detail: Schema.String
}) {
  override get message() {
    return `${this.operation} ${this.domain} could not be written to the trail: ${this.detail}`
  }
}

/** How an operation fails. */
export type DomainControlError = UnknownDomain | OperationRefused | ShuttingDown | TrailUnavailable

/**
 * Operations on domains. An operation is accepted or refused at once. Once accepted it is carried out, also when its
 * caller is interrupted; the effects return when it is accepted, not when the domain has arrived. Safe from inside any
 * domain, also on itself.
 */
export class DomainControl extends Context.Service<DomainControl, {
  /** Ends the domain's generation and builds the next, with a new restart budget. From active, crashed, restarting. */
  readonly restart: (domain: string) => Effect.Effect<void, DomainControlError>
  /** Lets an inactive domain wait for its gate again, which is looked at now. */
  readonly activate: (domain: string) => Effect.Effect<void, DomainControlError>
  /** Takes the domain, and those that depend on it, out. From any state but inactive. */
  readonly deactivate: (domain: string) => Effect.Effect<void, DomainControlError>
}>()("thunderline/DomainControl") {}
