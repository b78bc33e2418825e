import { Problem, ProblemIssue } from "effect/http-api/HttpApiError"
import * as ProblemDetails from "effect/http/ProblemDetails"
import * as Schema from "effect/Schema"
import type { DomainControlError, UnknownDomain } from "../model/DomainControl.ts"
import { Operation } from "../model/DomainControl.ts"
import { StatusName } from "../model/DomainStatus.ts"

/** The problem type of one kind of failure; those with an HTTP status alone are `about:blank`. */
const type = <const Name extends string>(name: Name) => `urn:problem-type:thunderline:${name}` as const

/** Fields of the request are wrong; `errors` names each, and what is wrong with it. */
export class InvalidRequest extends Problem<InvalidRequest>()("InvalidRequest", {
  type: type("invalid-request"),
  status: 400,
  title: "Invalid request"
}, { errors: Schema.Array(ProblemIssue) }) {}

/** The token is missing or wrong. */
export class Unauthorized extends Problem<Unauthorized>()("Unauthorized", {
  type: type("unauthorized"),
  status: 401,
  title: "A token is needed"
}) {}

/** The operator may not do this, or the request comes from where it is not allowed (`Host`, `Origin`). */
export class Forbidden extends Problem<Forbidden>()("Forbidden", {
  type: type("forbidden"),
  status: 403,
  title: "Forbidden"
}) {}

/** No domain has that name. */
export class DomainNotFound extends Problem<DomainNotFound>()("DomainNotFound", {
  type: type("unknown-domain"),
  status: 404,
  title: "Unknown domain"
}, { domain: Schema.String, known: Schema.Array(Schema.String) }) {}

/** The trail holds no boot of that run. */
export class BootNotFound extends Problem<BootNotFound>()("BootNotFound", {
  type: type("boot-not-recorded"),
  status: 404,
  title: "No boot of that run is known"
}, { runId: Schema.String }) {}

/** The domain's state does not allow that operation. */
export class OperationConflict extends Problem<OperationConflict>()("OperationConflict", {
  type: type("operation-refused"),
  status: 409,
  title: "The state of the domain does not allow that operation"
}, { domain: Schema.String, operation: Operation, current: StatusName }) {}

/** Too many requests; the next is taken after `retryAfter` seconds, which is also in the header `Retry-After`. */
export class TooManyRequests extends Problem<TooManyRequests>()("TooManyRequests", {
  type: type("rate-limited"),
  status: 429,
  title: "Too many requests"
}, { retryAfter: Schema.Natural }) {}

/** The operation was carried out, but could not be written to the trail, which this program requires. */
export class TrailAway extends Problem<TrailAway>()("TrailAway", {
  type: type("trail-unavailable"),
  status: 503,
  title: "The trail cannot be written"
}, { domain: Schema.String, operation: Operation }) {}

/** The program is shutting down and takes no more operations. */
export class Stopping extends Problem<Stopping>()("Stopping", {
  type: type("shutting-down"),
  status: 503,
  title: "The program is shutting down"
}) {}

/** The trail cannot be read now, or the most clients that may follow the stream do. */
export class Unavailable extends Problem<Unavailable>()("Unavailable", {
  type: type("unavailable"),
  status: 503,
  title: "Not available now"
}) {}

/** How an operation can fail. */
export type OperationProblem = DomainNotFound | OperationConflict | TrailAway | Stopping

/** The problem of an unknown domain. */
export const ofUnknown = ({ domain, known, message }: UnknownDomain): DomainNotFound =>
  new DomainNotFound({ detail: message, domain, known })

/** The problem of an operation that the core refused. */
export const ofControlError = (error: DomainControlError): OperationProblem => {
  const detail = error.message
  switch (error._tag) {
    case "UnknownDomain":
      return ofUnknown(error)
    case "OperationRefused":
      return new OperationConflict({ detail, domain: error.domain, operation: error.operation, current: error.status })
    case "TrailUnavailable":
      return new TrailAway({ detail, domain: error.domain, operation: error.operation })
    case "ShuttingDown":
      return new Stopping({ detail })
  }
}

/** A problem that says no more than its HTTP status, for requests that no endpoint answers. */
export const blank = (status: number, title: string, detail: string): ProblemDetails.ProblemDetails => ({
  type: ProblemDetails.blankType,
  status,
  title,
  detail
})
