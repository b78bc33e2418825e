import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { connect } from "node:net"
import * as Domain from "../../src/model/Domain.ts"
import type * as Thunderline from "../../src/Thunderline.ts"
import { brief, trail } from "../support/app.ts"
import { app, awaitState, serve, until } from "../support/HttpApp.ts"
import * as HttpLoad from "../support/HttpLoad.ts"
import * as LogLines from "../support/LogLines.ts"

const api = HttpApi.make("api").add(
  HttpApiGroup.make("api").add(
    HttpApiEndpoint.get("number", "/number/:id", { params: { id: Schema.FiniteFromString }, success: Schema.String }),
    HttpApiEndpoint.get("conflict", "/conflict", { success: Schema.String, error: HttpApiError.Conflict })
  )
)

const handlers = HttpApiBuilder.group(api, "api", (handlers) =>
  handlers.handleAll({
    number: () => Effect.succeed("a number"),
    conflict: () => new HttpApiError.Conflict({})
  }))

const get = <E, R>(path: `/${string}`, answer: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
  HttpRouter.add("GET", path, answer)

const breaking = Stream.concat(Stream.succeed(new Uint8Array(10)), Stream.die(new Error("no more")))

/** A failure of a fiber of the request's scope, which the request handles. */
const handled = Effect.gen(function*() {
  const fiber = yield* Effect.forkScoped(Effect.fail("expected"))
  yield* Effect.yieldNow
  return yield* Effect.orElseSucceed(Fiber.join(fiber), () => HttpServerResponse.empty({ status: 400 }))
})

const routes = Layer.mergeAll(
  get("/teapot", Effect.succeed(HttpServerResponse.empty({ status: 418 }))),
  get("/fails", Effect.fail("typed")),
  get("/dies", Effect.die(new Error("defect"))),
  get("/interrupts", Effect.interrupt),
  get("/handles", handled),
  get("/breaks", Effect.succeed(HttpServerResponse.stream(breaking))),
  get("/never", Effect.never),
  HttpApiBuilder.layer(api).pipe(Layer.provide(handlers))
)

const expected: Readonly<Record<`/${string}`, number>> = {
  "/unknown": 404,
  "/teapot": 418,
  "/fails": 500,
  "/dies": 500,
  "/interrupts": 503,
  "/number/none": 400,
  "/conflict": 409,
  // The connection is cut, so that the client does not take what it has for all.
  "/breaks": 0
}

/** What was logged above INFO, and what became of the domain, after something was asked of it. */
const asked = Effect.fnUntraced(function*(
  web: (port: number) => Domain.Any,
  ask: (port: number) => Effect.Effect<void>
) {
  const port = yield* HttpLoad.freePort
  return yield* Effect.gen(function*() {
    yield* awaitState("web", "active")
    yield* Effect.promise(() => HttpLoad.ask(port, "/teapot")).pipe(
      Effect.repeat({ until: ({ status }) => status === 418 })
    )
    yield* ask(port)
    // Longer than a failure waits for somebody to look at it.
    yield* Effect.sleep("1200 millis")
    const { lines } = yield* LogLines.LogLines
    return {
      loud: lines.filter(({ level }) => level !== "Info" && level !== "Debug").map(({ text }) => text),
      events: (yield* trail).map(brief)
    }
  }).pipe(Effect.scoped, Effect.provide(app(web(port)) as Layer.Layer<Thunderline.Infrastructure | LogLines.LogLines>))
})

const quiet = { loud: [], events: ["web: waiting -> activating", "web: activating -> active"] }

const inLayer = (port: number) => Domain.make("web", { layer: serve(routes, port) })

describe("an HTTP failure that is answered", () => {
  const servers = [["its layer", inLayer], [
    "a worker",
    (port: number) => Domain.make("web", { layer: Layer.empty, workers: { http: Layer.launch(serve(routes, port)) } })
  ]] as const

  it.live.each(servers)(
    "is no warning and no crash of a domain that serves in %s",
    ([_, web]) =>
      Effect.gen(function*() {
        const after = yield* asked(web, (port) =>
          Effect.gen(function*() {
            for (const [path, status] of Object.entries(expected)) {
              const answer = yield* Effect.promise(() => HttpLoad.ask(port, path))
              assert.strictEqual(answer.status, status, path)
            }
            // A client that goes away before it is answered.
            const client = connect(port, "127.0.0.1")
            let closed = false
            client.on("close", () => (closed = true))
            client.write("GET /never HTTP/1.1\r\nHost: me\r\n\r\n")
            client.end(() => client.destroy())
            yield* until(() => closed)
          }))
        assert.deepStrictEqual(after, quiet)
      })
  )

  it.live("is no warning and no crash where the request handled the failure of a fiber that it forked", () =>
    Effect.gen(function*() {
      const after = yield* asked(inLayer, (port) =>
        Effect.gen(function*() {
          const { status } = yield* Effect.promise(() => HttpLoad.ask(port, "/handles"))
          assert.strictEqual(status, 400)
        }))
      assert.deepStrictEqual(after, quiet)
    }))
})
