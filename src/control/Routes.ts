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

/** The routes of the API, and what they need to be let in. */
const api = HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(
  Layer.provide(Handlers.layer)
)

/** What a page may load and do: itself, and nothing from elsewhere. */
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The policy of the docs page, which holds its scripts in itself: those, by their digests, and no others. */
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

/** `GET /docs`: three megabytes, loaded when they are asked for. */
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

/** The dashboard's files, built into a folder. */
const dashboard = (root: string) =>
  HttpRouter.use(Effect.fnUntraced(function*(router) {
    const files = yield* Effect.orDie(HttpStaticServer.make({ root, cacheControl: "no-cache" }))
    const page = files.pipe(
      Effect.map(HttpServerResponse.setHeader("content-security-policy", pagePolicy)),
      // A path that no file system takes, too long or with a zero in it, is nothing that is there.
      Effect.orElseSucceed(() => HttpServerResponse.empty({ status: 404 }))
    )
    yield* router.add("GET", "/", page)
    yield* router.add("GET", "/*", page)
  }))

/** Everything that is served; the dashboard from the folder where it was built. */
export const layer = (options: { readonly dashboard: string }) =>
  Layer.mergeAll(api, docs, dashboard(options.dashboard)).pipe(
    Layer.provide(AccessControl.layer),
    Layer.provide(OperatorAdmission.layer)
  )
