import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { createServer, Socket } from "node:net"
import { Client } from "../../src/control/Client.ts"
import * as ControlServer from "../../src/control/ControlServer.ts"
import * as Domain from "../../src/model/Domain.ts"
import * as ControlFile from "../../src/node/ControlFile.ts"
import * as TokenFile from "../../src/node/TokenFile.ts"
import { Health } from "../../src/supervision/Health.ts"
import { CurrentRun } from "../../src/trail/CurrentRun.ts"
import { awaitStates, tick } from "../support/app.ts"
import { temporaryFolder } from "../support/Database.ts"
import { ask, bearer, served, token } from "./support.ts"

const store = Domain.make("store", { layer: Layer.empty })
const shop = Domain.make("shop", { dependsOn: [store], layer: Layer.empty })
const both = served([store, shop])

const started = Effect.andThen(tick, awaitStates({ store: "active", shop: "active" }))

describe("the API", () => {
  it.live("answers every reading endpoint through the derived client", () =>
    Effect.gen(function*() {
      const client = yield* Client
      assert.containsSubset(yield* client.health.live(), { status: "pass" })
      const waiting = yield* client.health.ready()
      assert.strictEqual(waiting.status, "fail")
      assert.match(waiting.reason, /store waits for tick 1/)
      assert.containsSubset(yield* client.health.startup(), { status: "fail" })
      yield* started
      assert.containsSubset(yield* client.health.ready(), {
        status: "pass",
        reason: "All required domains (2) are active."
      })
      assert.containsSubset(yield* client.health.startup(), { status: "pass" })
      assert.containsSubset(yield* client.system.tick(), { count: 1, tick: { count: 1 } })
      assert.containsSubset(yield* client.system.stats(), {
        domains: { total: 2, byStatus: { active: 2, crashed: 0 } },
        trail: { backend: "memory", durable: false, status: "ok" },
        telemetry: { collector: null }
      })
      const { active, domains } = yield* client.domains.list()
      assert.deepStrictEqual([active, domains.map(({ name }) => name)], [2, ["store", "shop"]])
      assert.containsSubset(yield* client.domains.get({ params: { name: "shop" } }), {
        dependsOn: ["store"],
        status: "active",
        opening: { tick: 1, wave: 1 },
        generation: 1
      })
      assert.match(yield* client.metrics.prometheus(), /^# TYPE thunderline_/m)
    }).pipe(Effect.provide(both)))

  it.live("pages through the history, and says which field of a query is wrong", () =>
    Effect.gen(function*() {
      const client = yield* Client
      yield* started
      const first = yield* client.history.page({ query: { limit: 3 } })
      const second = yield* client.history.page({ query: { limit: 3, cursor: first.next! } })
      assert.deepStrictEqual([...first.events, ...second.events].map(({ domain, to }) => `${domain} ${to}`), [
        "shop active",
        "shop activating",
        "store active",
        "store activating"
      ])
      assert.isNull(second.next)
      const wrong = yield* ask("/api/v1/history?limit=0&stauts=active&since=yesterday")
      assert.strictEqual(wrong.status, 400)
      const paths = wrong.json.errors.map((error: any) => error.path.join("."))
      assert.includeMembers(paths, ["query.limit", "query.stauts", "query.since"])
      const cursor = yield* ask("/api/v1/history?cursor=abc")
      assert.deepStrictEqual([cursor.status, cursor.json.errors[0].path], [400, ["query", "cursor"]])
    }).pipe(Effect.provide(both)))

  it.live("tells where the time of the start went, once it has begun", () =>
    Effect.gen(function*() {
      const client = yield* Client
      assert.containsSubset(yield* Effect.flip(client.analysis.boot({ query: {} })), {
        _tag: "BootNotFound",
        status: 404
      })
      yield* started
      const boot = yield* client.analysis.boot({ query: {} })
      assert.deepStrictEqual(boot.domains.map(({ domain, lastAwaited, wave }) => [domain, wave, lastAwaited]), [[
        "store",
        0,
        null
      ], ["shop", 1, "store"]])
    }).pipe(Effect.provide(both)))

  it.live("tells each failure as problem details with its status", () =>
    Effect.gen(function*() {
      yield* started
      const post = { method: "POST", headers: bearer() }
      const failures = [
        [yield* ask("/api/v1/domains/nope"), 404, { domain: "nope", known: ["store", "shop"] }],
        [yield* ask("/api/v1/nope"), 404, {}],
        [yield* ask("/nope/at/all"), 404, {}],
        [yield* ask("/api/v1/domains", { method: "DELETE" }), 405, {}],
        [yield* ask("/api/v1/domains/shop/restart"), 405, {}],
        [yield* ask("/api/v1/domains/shop/restart", { method: "POST" }), 401, {}],
        [yield* ask("/api/v1/domains/nope/restart", post), 404, { domain: "nope" }],
        [yield* ask("/api/v1/domains/shop/activate", post), 409, { operation: "activate", current: "active" }],
        [yield* ask("/api/v1/domains/shop/restart", { ...post, body: "x=1" }), 415, {}],
        [yield* ask("/api/v1/domains/shop/restart", { ...post, body: " ".repeat(20_000) }), 413, {}],
        [yield* ask("/api/v1/events", { headers: { "last-event-id": "7" } }), 400, {}]
      ] as const
      for (const [answer, status, members] of failures) {
        assert.strictEqual(answer.headers.get("content-type"), "application/problem+json")
        assert.containsSubset(answer.json, { status, ...members })
        assert.isNotEmpty(answer.json.title)
        assert.isString(answer.json.detail)
        assert.strictEqual(answer.status, status)
      }
      assert.strictEqual(failures[3][0].headers.get("allow"), "GET, HEAD")
      assert.strictEqual(failures[4][0].headers.get("allow"), "POST")
      assert.strictEqual(failures[5][0].headers.get("www-authenticate"), "Bearer")
    }).pipe(Effect.provide(both)))

  it.live("carries out operations", () =>
    Effect.gen(function*() {
      const client = yield* Client
      yield* started
      const params = { name: "store" }
      assert.containsSubset(yield* client.domains.deactivate({ params }), { domain: "store", operation: "deactivate" })
      yield* awaitStates({ store: "inactive", shop: "waiting" })
      assert.deepStrictEqual((yield* client.domains.get({ params: { name: "shop" } })).blockedBy, ["store"])
      const blocked = yield* client.health.ready()
      assert.strictEqual(blocked.status, "fail")
      assert.match(blocked.reason, /store is inactive; shop is blocked/)
      yield* client.domains.activate({ params })
      yield* awaitStates({ store: "active", shop: "active" })
      yield* client.domains.restart({ params })
      yield* awaitStates({ store: "active", shop: "active" })
      assert.strictEqual((yield* client.domains.get({ params })).generation, 3)
    }).pipe(Effect.provide(both)))

  it.live("sends the list of domains again only when it has changed", () =>
    Effect.gen(function*() {
      yield* started
      const first = yield* ask("/api/v1/domains")
      const etag = first.headers.get("etag")!
      const again = yield* ask("/api/v1/domains", { headers: { "if-none-match": etag } })
      assert.deepStrictEqual([again.status, again.text], [304, ""])
      yield* tick
      const changed = yield* ask("/api/v1/domains", { headers: { "if-none-match": etag } })
      assert.deepStrictEqual([changed.status, changed.json.tick], [200, 2])
    }).pipe(Effect.provide(both)))

  it.live("describes itself as OpenAPI 3.1 and as a page that loads nothing from elsewhere", () =>
    Effect.gen(function*() {
      const { json } = yield* ask("/openapi.json")
      assert.match(json.openapi, /^3\.1\./)
      assert.includeMembers(Object.keys(json.paths), [
        "/api/v1/domains",
        "/api/v1/domains/{name}/restart",
        "/api/v1/events",
        "/api/v1/history",
        "/health/live",
        "/metrics"
      ])
      assert.deepStrictEqual(json.paths["/api/v1/domains/{name}/restart"].post.security, [{ token: [] }])
      const docs = yield* ask("/docs")
      assert.strictEqual(docs.status, 200)
      assert.match(
        docs.headers.get("content-security-policy")!,
        /default-src 'none'; script-src 'sha256-[^']+' 'sha256-/
      )
    }).pipe(Effect.provide(both)))
})

describe("the server", () => {
  it.live("refuses a port that is taken, naming it", () =>
    Effect.gen(function*() {
      const port = yield* Effect.acquireRelease(
        Effect.promise(() =>
          new Promise<ReturnType<typeof createServer>>((resolve) => {
            const server = createServer().listen(0, "127.0.0.1", () => resolve(server))
          })
        ),
        (server) => Effect.sync(() => void server.close())
      ).pipe(Effect.map((server) => (server.address() as { readonly port: number }).port))
      const error = yield* Effect.flip(Layer.build(served([store], { server: { port } })))
      assert.containsSubset(error, { _tag: "CannotListen", port })
      assert.property(error, "message")
    }).pipe(Effect.scoped))

  it.live("keeps its address and a token of its own in the state folder, as long as it runs", () =>
    Effect.gen(function*() {
      const stateDir = yield* temporaryFolder
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(served([store], { server: { token: undefined, stateDir } }), scope)
      const { url } = Context.get(context, ControlServer.ControlServer)
      const { runId } = Context.get(context, CurrentRun)
      assert.deepStrictEqual(
        yield* ControlFile.running(stateDir),
        Option.some({ url, runId, pid: process.pid, trail: "memory" })
      )
      const restart = (headers: Record<string, string>) =>
        Effect.promise(() => fetch(`${url}/api/v1/domains/store/deactivate`, { method: "POST", headers }))
      const kept = Option.getOrThrow(yield* TokenFile.find(stateDir))
      assert.strictEqual((yield* restart(bearer("another-token-0123456789"))).status, 401)
      assert.strictEqual((yield* restart(bearer(Redacted.value(kept)))).status, 202)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* ControlFile.read(stateDir), Option.none())
    }).pipe(Effect.scoped))

  it.live("does not listen for other machines without a token that was given", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Layer.build(served([store], { server: { host: "0.0.0.0", token: undefined } }))
      )
      assert(error instanceof ControlServer.TokenNeeded)
      assert.include(error.message, "THUNDERLINE_TOKEN")
    }).pipe(Effect.scoped))

  it.live("lets only those who have the token read when it listens for other machines; probes stay open", () =>
    Effect.gen(function*() {
      const paths = ["/api/v1/tick", "/api/v1/domains", "/api/v1/history", "/api/v1/events", "/metrics"]
      for (const path of paths) assert.strictEqual((yield* ask(path)).status, 401)
      assert.strictEqual((yield* ask("/api/v1/domains", { headers: bearer() })).status, 200)
      assert.strictEqual((yield* ask("/health/live")).status, 200)
      assert.containsSubset(yield* (yield* Client).system.tick(), { count: 0 })
    }).pipe(Effect.provide(served([store], { server: { host: "0.0.0.0" } }))))

  it.live("says that it is starting until the domains wait, and takes the address before", () =>
    Effect.gen(function*() {
      const options = { port: 0, token: Redacted.make(token), stateDir: "not made" }
      const { listener: { url } } = Context.get(
        yield* Layer.build(ControlServer.layerListening(options)),
        ControlServer.Listening
      )
      const response = yield* Effect.promise(() => fetch(`${url}/health/ready`))
      assert.deepStrictEqual([response.status, response.headers.get("retry-after")], [503, "1"])
    }).pipe(Effect.scoped))

  it.live("ends within two seconds although streams are open and half a request hangs, and is not ready meanwhile", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(both, scope)
      const url = Context.get(context, ControlServer.ControlServer).url
      const stream = yield* Effect.promise(() => fetch(`${url}/api/v1/events`))
      const ended = Deferred.makeUnsafe<void>()
      void stream.text().then(() => Deferred.doneUnsafe(ended, Exit.void))
      const hanging = yield* Effect.promise(() =>
        new Promise<Socket>((resolve) => {
          const socket = new Socket().on("error", () => {})
          socket.connect(Number(new URL(url).port), "127.0.0.1", () => {
            socket.write("GET /api/v1/tick HTTP/1.1\r\nHost: localhost\r\n")
            resolve(socket)
          })
        })
      )
      const before = performance.now()
      yield* Scope.close(scope, Exit.void)
      assert.isBelow(performance.now() - before, 3_000)
      yield* Deferred.await(ended)
      assert.containsSubset(yield* Context.get(context, Health).ready, { reason: "The program is shutting down." })
      hanging.destroy()
    }))
})
