import * as Effect from "effect/Effect"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Token from "../node/Token.ts"
import { Operating, Reading, Validation } from "./Access.ts"
import { OperatorAdmission } from "./OperatorAdmission.ts"
import { InvalidRequest, type TooManyRequests, Unauthorized } from "./Problem.ts"
import { Settings } from "./Settings.ts"

/** Adds the header `Retry-After` to a refusal by rate. */
const withRetryAfter = <A, E, R>(self: Effect.Effect<A, E | TooManyRequests, R>) =>
  Effect.tapError(self, (error) =>
    (error as { readonly _tag?: string })._tag === "TooManyRequests"
      ? HttpEffect.appendPreResponseHandler((_, response) =>
        Effect.succeed(
          HttpServerResponse.setHeader(response, "retry-after", String((error as TooManyRequests).retryAfter))
        )
      )
      : Effect.void)

/** Checks the token of a request. A wrong one counts against the address that it came from. */
const authenticate = Effect.gen(function*() {
  const settings = yield* Settings
  const admission = yield* OperatorAdmission
  const matches = yield* Token.matcher(settings.token)
  return Effect.fnUntraced(function*(shown: string) {
    if (shown !== "" && (yield* matches(shown))) return
    const request = yield* HttpServerRequest.HttpServerRequest
    yield* admission.failedToken(Option.getOrElse(request.remoteAddress, () => "unknown"))
    return yield* new Unauthorized({
      detail: shown === ""
        ? "Send the token as `Authorization: Bearer <token>`; it is $THUNDERLINE_TOKEN or the file `token` in the state folder"
        : "That is not the token"
    })
  })
})

const reading = Layer.effect(
  Reading,
  Effect.gen(function*() {
    const settings = yield* Settings
    if (settings.reading === "open") return Reading.of((handler) => handler)
    const check = yield* authenticate
    return Reading.of((handler) =>
      Effect.flatMap(
        HttpServerRequest.HttpServerRequest,
        ({ headers }) => Effect.andThen(withRetryAfter(check(Token.ofHeader(headers["authorization"]))), handler)
      )
    )
  })
)

const operating = Layer.effect(
  Operating,
  Effect.gen(function*() {
    const admission = yield* OperatorAdmission
    const check = yield* authenticate
    return Operating.of({
      token: (handler, { credential, endpoint }) =>
        check(Redacted.value(credential)).pipe(
          Effect.andThen(admission.operator(`domain.${endpoint.identifier}`)),
          withRetryAfter,
          Effect.andThen(handler)
        )
    })
  })
)

const formatIssues = SchemaIssue.makeFormatterStandardSchemaV1()

const segment = (part: PropertyKey | { readonly key: PropertyKey }): string | number => {
  const key = typeof part === "object" ? part.key : part
  return typeof key === "number" ? key : String(key)
}

/** The problem of a request with wrong fields, each by its place and name: `query.limit: …`. */
export const invalid = (
  errors: ReadonlyArray<{ readonly path: ReadonlyArray<string | number>; readonly message: string }>
): InvalidRequest =>
  new InvalidRequest({
    detail: errors.map(({ message, path }) => `${path.join(".")}: ${message}`).join("; "),
    errors
  })

const validation = HttpApiMiddleware.layerSchemaErrorTransform(
  Validation,
  (error) =>
    error.kind === "Body" || error.kind === "ResponseHeaders"
      ? Effect.die(error)
      : Effect.fail(invalid(
        formatIssues(error.cause.issue).issues.map(({ message, path }) => ({
          path: [error.kind.toLowerCase(), ...(path ?? []).map(segment)],
          message
        }))
      ))
)

/** The middleware of the API. */
export const layer: Layer.Layer<Reading | Operating | Validation, never, Settings | OperatorAdmission> = Layer.mergeAll(
  reading,
  operating,
  validation
)
