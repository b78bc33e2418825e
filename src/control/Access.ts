import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as Problem from "./Problem.ts"

/** Who reads: anybody on the loopback interface; elsewhere whoever has the token. Within a rate. */
export class Reading extends HttpApiMiddleware.Service<Reading>()("thunderline/control/Reading", {
  error: [Problem.Unauthorized, Problem.Forbidden, Problem.TooManyRequests]
}) {}

/** Who changes: whoever has the token, `Authorization: Bearer …`. Within a rate. */
export class Operating extends HttpApiMiddleware.Service<Operating>()("thunderline/control/Operating", {
  security: { token: HttpApiSecurity.bearer },
  error: [Problem.Unauthorized, Problem.Forbidden, Problem.TooManyRequests]
}) {}

/** Tells in a request that is wrong which field is wrong. */
export class Validation extends HttpApiMiddleware.Service<Validation>()("thunderline/control/Validation", {
  error: Problem.InvalidRequest
}) {}
