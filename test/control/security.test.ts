import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import { request } from "node:http"
import { Client } from "../../src/control/Client.ts"
import * as ControlServer from "../../src/control/ControlServer.ts"
import * as Gate from "../../src/domains/thundergate/Gate.ts"
import * as Domain from "../../src/model/Domain.ts"
import * as Token from "../../src/node/Token.ts"
import { awaitStates, tick, trail } from "../support/app.ts"
import * as LogLines from "../support/LogLines.ts"
import { ask, bearer, served, token } from "./support.ts"

const store = Domain.make("store", { layer: Layer.empty })
const alone = served([store])
const started = Effect.andThen(tick, awaitStates({ store: "active" }))

/** Sends a request with headers that `fetch` does not let one choose. */
const send = (path: string, headers: Readonly<Record<string, string>>, method = "GET") =>
  ControlServer.ControlServer.use(({ url }) =>
    Effect.callback<{ readonly status: number; readonly headers: NodeJS.Dict<string | Array<string>> }>((resume) => {
      const sent = request(url + path, { method, headers, agent: false }, (response) => {
        response.destroy()
        resume(Effect.succeed({ status: response.statusCode!, headers: response.headers }))
      })
      sent.on("error", () => {}).end()
    })
  )

const status = (path: string, headers: Readonly<Record<string, string>>, method?: string) =>
  Effect.map(send(path, headers, method), (answer) => answer.status)

describe("who may ask", () => {
  it.live("takes requests under its own names only, so that no page can make its name resolve to this machine", () =>
    Effect.gen(function*() {
      const { url } = yield* ControlServer.ControlServer
      const { port } = new URL(url)
      for (
        const host of ["localhost", `localhost:${port}`, "127.0.0.1:8080", "[::1]", "10.1.2.3:80", "ops.example:80"]
      ) {
        assert.deepStrictEqual([host, yield* status("/api/v1/tick", { host })], [host, 200])
      }
      for (
        const host of [
          "evil.example",
          `evil.example:${port}`,
          "localhost.evil.example",
          "127.0.0.1.evil.example",
          "@"
        ]
      ) {
        assert.deepStrictEqual([host, yield* status("/api/v1/tick", { host })], [host, 403])
        assert.deepStrictEqual([host, yield* status("/health/live", { host })], [host, 403])
      }
    }).pipe(Effect.provide(served([store], { server: { allowedHosts: ["Ops.example"] } }))))

  it.live("takes no request from a page of another origin, token or not", () =>
    Effect.gen(function*() {
      yield* started
      const { url } = yield* ControlServer.ControlServer
      const { host } = new URL(url)
      const path = "/api/v1/domains/store/restart"
      for (const origin of ["http://evil.example", "null", "http://127.0.0.1:1", `http://${host}.evil.example`]) {
        assert.deepStrictEqual([origin, yield* status(path, { host, origin, ...bearer() }, "POST")], [origin, 403])
      }
      assert.strictEqual(yield* status("/api/v1/events", { host, origin: "http://evil.example" }), 403)
      assert.strictEqual(yield* status("/api/v1/events", { host, origin: url }), 200)
      assert.strictEqual(yield* status(path, { host, origin: url, ...bearer() }, "POST"), 202)
    }).pipe(Effect.provide(alone)))

  it.live("lets nobody change anything without the token, however it is spelt", () =>
    Effect.gen(function*() {
      yield* started
      const path = "/api/v1/domains/store/restart"
      const wrong = [token.slice(0, -1), `${token}x`, token.toUpperCase(), "x", `Bearer ${token}`]
      for (const shown of wrong) {
        assert.deepStrictEqual([shown, (yield* ask(path, { method: "POST", headers: bearer(shown) })).status], [
          shown,
          401
        ])
      }
      const basic = { authorization: `Basic ${btoa(`operator:${token}`)}` }
      assert.strictEqual((yield* ask(path, { method: "POST", headers: basic })).status, 401)
      assert.strictEqual((yield* ask(`${path}?token=${token}`, { method: "POST" })).status, 401)
      assert.strictEqual(
        (yield* ask(path, { method: "POST", headers: { authorization: `bearer ${token}` } })).status,
        202
      )
    }).pipe(Effect.provide(alone)))

  it.live("tells browsers to keep the page to itself and to load nothing from elsewhere", () =>
    Effect.gen(function*() {
      for (const path of ["/", "/api/v1/tick", "/health/live", "/nope", "/docs"]) {
        const { headers } = yield* send(path, {})
        assert.include(headers["content-security-policy"], "default-src 'none'")
        assert.containsSubset(headers, {
          "x-content-type-options": "nosniff",
          "x-frame-options": "DENY",
          "referrer-policy": "no-referrer",
          "cross-origin-resource-policy": "same-origin"
        })
        assert.notProperty(headers, "access-control-allow-origin")
      }
    }).pipe(Effect.provide(alone)))
})

describe("the token", () => {
  it.effect("matches itself and nothing else", () =>
    Effect.gen(function*() {
      const made = Token.generate()
      const matches = yield* Token.matcher(Redacted.make(made))
      assert.match(made, /^[\w-]{43}$/)
      assert.isTrue(yield* matches(made))
      for (const other of ["", made.slice(1), `${made} `, Token.generate()]) assert.isFalse(yield* matches(other))
    }))

  it.live("appears in no log line, span or transition", () => {
    const spans: Array<unknown> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    return Effect.gen(function*() {
      const { restart } = (yield* Client).domains
      yield* started
      yield* restart({ params: { name: "store" } })
      yield* awaitStates({ store: "active" })
      yield* ask("/api/v1/domains/nope/restart", { method: "POST", headers: bearer() })
      yield* ask("/api/v1/domains/store/restart", { method: "POST", headers: bearer(`${token}-wrong`) })
      yield* ask(`/api/v1/domains/store/restart?token=${token}`, { method: "POST" })
      yield* ask("/api/v1/history?limit=x", { headers: bearer() })
      const events = yield* trail
      const { lines } = yield* LogLines.LogLines
      const text = (value: unknown) =>
        JSON.stringify(
          value,
          (_, member) =>
            member instanceof Map ? Array.from(member) : typeof member === "bigint" ? String(member) : member
        )
      const plain = spans.map((span) => {
        const { attributes, events, name } = span as Tracer.NativeSpan
        return { name, attributes, events }
      })
      assert.isTrue(plain.some(({ name }) => name === "DomainControl.restart"))
      assert.isAtLeast(plain.filter(({ name }) => name === "POST").length, 3)
      assert.isAbove(lines.length, 5)
      for (const kept of [text(plain), text(lines), text(events)]) assert.notInclude(kept, token)
    }).pipe(Effect.provide(Layer.provideMerge(alone, Layer.succeed(Tracer.Tracer, tracer))))
  })
})

describe("how often one may ask", () => {
  it.live("lets the operator make 60 changes a minute, and says when there is room again", () =>
    Effect.gen(function*() {
      const attempt = ask("/api/v1/domains/nope/restart", { method: "POST", headers: bearer() })
      for (let n = 0; n < 60; n++) assert.strictEqual((yield* attempt).status, 404)
      const refused = yield* attempt
      assert.deepStrictEqual([refused.status, refused.json.type], [429, "urn:problem-type:thunderline:rate-limited"])
      assert.strictEqual(Number(refused.headers.get("retry-after")), refused.json.retryAfter)
      assert.isAbove(refused.json.retryAfter, 0)
      assert.strictEqual((yield* ask("/api/v1/domains")).status, 200)
    }).pipe(Effect.provide(alone)))

  it.live("counts wrong tokens against their address, and lets the right one pass still", () =>
    Effect.gen(function*() {
      const attempt = (shown: string) => ask("/api/v1/domains/nope/restart", { method: "POST", headers: bearer(shown) })
      for (let n = 0; n < 60; n++) assert.strictEqual((yield* attempt("wrong")).status, 401)
      assert.strictEqual((yield* attempt("wrong")).status, 429)
      assert.strictEqual((yield* attempt(token)).status, 404)
    }).pipe(Effect.provide(alone)))

  const gate = Domain.make("thundergate", {
    layer: Gate.layerWith({
      grants: [{ to: { caller: "operator" }, actions: ["domain.restart"] }],
      rate: { limit: 2, window: Gate.defaultRate.window }
    })
  })

  it.live("asks the domain thundergate while it is active", () =>
    Effect.gen(function*() {
      const attempt = (operation: string) =>
        Effect.map(
          ask(`/api/v1/domains/nope/${operation}`, { method: "POST", headers: bearer() }),
          (answer) => answer.status
        )
      assert.strictEqual(yield* attempt("activate"), 404)
      yield* tick
      yield* awaitStates({ thundergate: "active" })
      assert.strictEqual(yield* attempt("activate"), 403)
      assert.strictEqual(yield* attempt("restart"), 404)
      assert.strictEqual(yield* attempt("restart"), 404)
      assert.strictEqual(yield* attempt("restart"), 429)
    }).pipe(Effect.provide(served([gate]))))
})
