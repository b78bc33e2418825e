import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { HttpServerError } from "effect/http/HttpServerError"
import { isHttpServerError } from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as ProblemDetails from "effect/http/ProblemDetails"
import type * as Scope from "effect/Scope"
import { Api } from "./Api.ts"
import { blank, Forbidden } from "./Problem.ts"
import { Settings } from "./Settings.ts"

/** The longest body of a request, in bytes. No endpoint needs one. */
export const maxBody = 16 * 1024

/** The headers of every response that does not set them itself. */
const securityHeaders = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cache-control": "no-store"
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  500: "Internal Server Error",
  503: "Service Unavailable"
}

const problem = (status: number, detail: string, headers: Readonly<Record<string, string>> = {}) =>
  HttpServerResponse.setHeaders(
    ProblemDetails.toResponse(blank(status, titles[status] ?? "Error", detail)),
    headers
  )

/** All paths, and the methods that each takes. */
const paths: ReadonlyArray<{ readonly pattern: RegExp; readonly methods: ReadonlyArray<string> }> = (() => {
  const methods = new Map<string, Array<string>>([
    ["/", ["GET", "HEAD"]],
    ["/openapi.json", ["GET", "HEAD"]],
    ["/docs", ["GET", "HEAD"]]
  ])
  for (const group of Object.values(Api.groups)) {
    for (const { method, path } of Object.values(group.endpoints)) {
      methods.set(path, [...methods.get(path) ?? [], method, ...(method === "GET" ? ["HEAD"] : [])])
    }
  }
  return Array.from(methods, ([path, methods]) => ({
    pattern: new RegExp(`^${path.replace(/\/$/, "").replaceAll(/:[a-z]+/g, "[^/]+")}/?$`),
    methods
  }))
})()

const pathOf = (url: string): string => url.split(/[?#]/, 1)[0]!

/** The answer to a request that no route takes: 404, or 405 where another method would be right. */
const notRouted = ({ method, url }: HttpServerRequest.HttpServerRequest) => {
  const path = pathOf(url)
  const known = paths.find(({ pattern }) => pattern.test(path))
  if (known === undefined || known.methods.includes(method)) {
    return problem(404, `There is nothing at ${path.slice(0, 200)}: /docs lists all paths`)
  }
  const allow = known.methods.join(", ")
  return problem(405, `${path} takes ${allow}`, { allow })
}

/** The name in a `Host` header or an origin, without the port; `undefined` when there is none. */
const hostname = (host: string): string | undefined => URL.parse(`http://${host}`)?.hostname

const isAddress = (name: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(name) || name.startsWith("[")

/**
 * Refuses requests of foreign pages. A page whose name was made to resolve to this machine (DNS rebinding) sends that name
 * as `Host`; an address or `localhost` cannot be such a name. A page of another origin sends that as `Origin`.
 */
const checkSource = (
  { headers }: HttpServerRequest.HttpServerRequest,
  allowed: (name: string) => boolean
): Forbidden | undefined => {
  const host = headers["host"] ?? ""
  const name = hostname(host)
  if (host === "" || name === undefined || !allowed(name)) {
    return new Forbidden({ detail: `The Host header names no host of this server: --allow-host adds one` })
  }
  const origin = headers["origin"]
  if (origin === undefined) return undefined
  const from = URL.parse(origin)
  if (from !== null && (from.host === host || (allowed(from.hostname) && !isLocal(from.hostname)))) return undefined
  return new Forbidden({ detail: "Requests from pages of another origin are refused" })
}

const isLocal = (name: string) => name === "localhost" || isAddress(name)

/** Refuses a request that announces a body which is too long or no JSON. */
const checkBody = ({ headers, method }: HttpServerRequest.HttpServerRequest) => {
  if (method === "GET" || method === "HEAD") return undefined
  const length = Number(headers["content-length"] ?? 0)
  if (length > maxBody) return problem(413, `A body may have ${maxBody} bytes`)
  if (length === 0 && headers["transfer-encoding"] === undefined) return undefined
  const type = (headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase()
  return type === "application/json" || (type === "" && length === 0)
    ? undefined
    : problem(415, "A body must be application/json")
}

const ofServerError = ({ reason }: HttpServerError) => {
  switch (reason._tag) {
    case "RouteNotFound":
      return notRouted(reason.request)
    case "RequestParseError":
      return reason.reason === "BodyTooLarge"
        ? problem(413, `A body may have ${maxBody} bytes`)
        : problem(400, "The request cannot be parsed")
    default:
      return undefined
  }
}

const ofCause = (request: HttpServerRequest.HttpServerRequest, cause: Cause.Cause<unknown>) => {
  for (const reason of cause.reasons) {
    const error = reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
    const response = isHttpServerError(error) ? ofServerError(error) : undefined
    if (response !== undefined) return Effect.succeed(response)
  }
  if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>)
  return Effect.as(
    Effect.logError(`[Control] ${request.method} ${pathOf(request.url).slice(0, 200)} failed, which is a bug`, cause),
    problem(500, "This is a bug; the log has more")
  )
}

const isProblem = ({ headers }: HttpServerResponse.HttpServerResponse) =>
  headers["content-type"]?.startsWith(ProblemDetails.contentType) === true ||
  headers["content-type"]?.startsWith("application/json") === true

/** Turns an empty failure into a problem, and adds the headers that protect a browser. */
const finish = (request: HttpServerRequest.HttpServerRequest, response: HttpServerResponse.HttpServerResponse) => {
  const told = response.status < 400 || isProblem(response)
    ? response
    : response.status === 404
    ? notRouted(request)
    : problem(response.status, `${titles[response.status] ?? "The request was refused"}`)
  return HttpServerResponse.setHeaders(told, {
    ...securityHeaders,
    ...(told.status === 401 ? { "www-authenticate": "Bearer" } : {}),
    ...told.headers
  })
}

/**
 * Wraps every route: checks `Host`, `Origin` and the announced body before it, turns every failure into problem details
 * and adds security headers after it.
 */
export const make = Effect.map(Settings, ({ allowedHosts }) => {
  const names = new Set(allowedHosts.map((name) => name.toLowerCase()))
  const allowed = (name: string) => isLocal(name) || names.has(name)

  return <E>(
    app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, HttpServerRequest.HttpServerRequest | Scope.Scope>
  ) =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const foreign = checkSource(request, allowed)
      if (foreign !== undefined) {
        return Effect.succeed(finish(request, ProblemDetails.toResponse({ ...foreign })))
      }
      const refusal = checkBody(request)
      if (refusal !== undefined) return Effect.succeed(finish(request, refusal))
      return app.pipe(
        Effect.catchCause((cause) => ofCause(request, cause)),
        Effect.map((response) => finish(request, response))
      )
    })
})
