import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as Problem from "./Problem.ts"

/** Guards reading: open on the loopback interface, elsewhere it needs the token. Requests are limited by rate. */
export class Reading extends HttpApiMiddleware.Service<Reading>()("thunderline/control/Reading", {
  error: [Problem.Unauthorized, Problem.Forbidden, Problem.TooManyRequests]
}) {}

/** Guards operations: they need the token, `Authorization: Bearer …`. Requests are limited by rate. */
export class Operating extends HttpApiMiddleware.Service<Operating>()("thunderline/control/Operating", {
  security: { token: HttpApiSecurity.bearer },
  error: [Problem.Unauthorized, Problem.Forbidden, Problem.TooManyRequests]
}) {}

/** Answers a request that its schema refuses with the fields that are wrong. */
export class Validation extends HttpApiMiddleware.Service<Validation>()("thunderline/control/Validation", {
  error: Problem.InvalidRequest
}) {}
