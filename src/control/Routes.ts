import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpStaticServer from "effect/http/HttpStaticServer"
import * as Layer from "effect/Layer"
import * as AccessControl from "./AccessControl.ts"
import { Api } from "./Api.ts"
import * as Handlers from "./Handlers.ts"
import * as OperatorAdmission from "./OperatorAdmission.ts"

/** The routes of the API. */
const api = HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(
  Layer.provide(Handlers.layer)
)

/** The content policy of the dashboard: it loads only its own files. */
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The content policy of the docs page: only the scripts that stand in the page itself, by their digests. */
const docsPolicy = Effect.fnUntraced(function*(html: string) {
  const scripts = Array.from(html.matchAll(/<script>([^]*?)<\/script>/g), ([_, script]) => script!)
  const digests = yield* Effect.forEach(scripts, (script) =>
    Effect.promise(async () => {
      const digest = await globalThis.crypto.subtle.digest("SHA-256", new TextEncoder().encode(script))
      return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`
    }))
  return `default-src 'none'; script-src ${digests.join(" ")}; style-src 'unsafe-inline'; img-src data:; ` +
    "font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
})

/** `GET /docs`: three megabytes, which are loaded at the first request. */
const docs = HttpRouter.use(Effect.fnUntraced(function*(router) {
  const page = yield* Effect.cached(Effect.gen(function*() {
    const HttpApiScalar = yield* Effect.promise(() => import("effect/http-api/HttpApiScalar"))
    const routes = HttpApiScalar.layer(Api, { path: "/docs", scalar: { withDefaultFonts: false } })
    const handler = yield* Effect.scoped(HttpRouter.toHttpEffect(routes))
    const response = yield* Effect.orDie(handler)
    const html = new TextDecoder().decode((response.body as { readonly body: Uint8Array }).body)
    return HttpServerResponse.setHeader(response, "content-security-policy", yield* docsPolicy(html))
  }))
  yield* router.add("GET", "/docs", page)
}))

/** The files of the built dashboard. */
const dashboard = (root: string) =>
  HttpRouter.use(Effect.fnUntraced(function*(router) {
    const files = yield* Effect.orDie(HttpStaticServer.make({ root, cacheControl: "no-cache" }))
    const page = files.pipe(
      Effect.map(HttpServerResponse.setHeader("content-security-policy", pagePolicy)),
      // No file system takes a path that is too long or holds a zero.
      Effect.orElseSucceed(() => HttpServerResponse.empty({ status: 404 }))
    )
    yield* router.add("GET", "/", page)
    yield* router.add("GET", "/*", page)
  }))

/** All routes; `dashboard` is the folder of the built dashboard. */
export const layer = (options: { readonly dashboard: string }) =>
  Layer.mergeAll(api, docs, dashboard(options.dashboard)).pipe(
    Layer.provide(AccessControl.layer),
    Layer.provide(OperatorAdmission.layer)
  )
