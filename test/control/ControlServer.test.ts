import { describe, expect, it } from "@effect/vitest"
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
      expect(yield* client.health.live()).toMatchObject({ status: "pass" })
      expect(yield* client.health.ready()).toMatchObject({
        status: "fail",
        reason: expect.stringMatching(/store waits for tick 1/)
      })
      expect(yield* client.health.startup()).toMatchObject({ status: "fail" })
      yield* started
      expect(yield* client.health.ready()).toMatchObject({
        status: "pass",
        reason: "All required domains (2) are active."
      })
      expect(yield* client.health.startup()).toMatchObject({ status: "pass" })
      expect(yield* client.system.tick()).toMatchObject({ count: 1, tick: { count: 1 } })
      expect(yield* client.system.stats()).toMatchObject({
        domains: { total: 2, byStatus: { active: 2, crashed: 0 } },
        trail: { backend: "memory", durable: false, status: "ok" },
        telemetry: { collector: null }
      })
      const { active, domains } = yield* client.domains.list()
      expect([active, domains.map(({ name }) => name)]).toEqual([2, ["store", "shop"]])
      expect(yield* client.domains.get({ params: { name: "shop" } })).toMatchObject({
        dependsOn: ["store"],
        status: "active",
        opening: { tick: 1, wave: 1 },
        generation: 1
      })
      expect(yield* client.metrics.prometheus()).toMatch(/^# TYPE thunderline_/m)
    }).pipe(Effect.provide(both)))

  it.live("pages through the history, and says which field of a query is wrong", () =>
    Effect.gen(function*() {
      const client = yield* Client
      yield* started
      const first = yield* client.history.page({ query: { limit: 3 } })
      const second = yield* client.history.page({ query: { limit: 3, cursor: first.next! } })
      expect([...first.events, ...second.events].map(({ domain, to }) => `${domain} ${to}`)).toEqual(
        ["shop active", "shop activating", "store active", "store activating"]
      )
      expect(second.next).toBeNull()
      const wrong = yield* ask("/api/v1/history?limit=0&stauts=active&since=yesterday")
      expect([wrong.status, wrong.json.errors.map((error: any) => error.path.join("."))]).toEqual(
        [400, expect.arrayContaining(["query.limit", "query.stauts", "query.since"])]
      )
      const cursor = yield* ask("/api/v1/history?cursor=abc")
      expect([cursor.status, cursor.json.errors[0].path]).toEqual([400, ["query", "cursor"]])
    }).pipe(Effect.provide(both)))

  it.live("tells where the time of the start went, once it has begun", () =>
    Effect.gen(function*() {
      const client = yield* Client
      expect(yield* Effect.flip(client.analysis.boot({ query: {} }))).toMatchObject({
        _tag: "BootNotFound",
        status: 404
      })
      yield* started
      const boot = yield* client.analysis.boot({ query: {} })
      expect(boot.domains.map(({ domain, lastAwaited, wave }) => [domain, wave, lastAwaited])).toEqual(
        [["store", 0, null], ["shop", 1, "store"]]
      )
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
        expect(answer.headers.get("content-type")).toBe("application/problem+json")
        expect(answer.json).toMatchObject({ status, title: expect.any(String), detail: expect.any(String), ...members })
        expect(answer.status).toBe(status)
      }
      expect(failures[3][0].headers.get("allow")).toBe("GET, HEAD")
      expect(failures[4][0].headers.get("allow")).toBe("POST")
      expect(failures[5][0].headers.get("www-authenticate")).toBe("Bearer")
    }).pipe(Effect.provide(both)))

  it.live("carries out operations", () =>
    Effect.gen(function*() {
      const client = yield* Client
      yield* started
      const params = { name: "store" }
      expect(yield* client.domains.deactivate({ params })).toMatchObject({ domain: "store", operation: "deactivate" })
      yield* awaitStates({ store: "inactive", shop: "waiting" })
      expect((yield* client.domains.get({ params: { name: "shop" } })).blockedBy).toEqual(["store"])
      expect(yield* client.health.ready()).toMatchObject({
        status: "fail",
        reason: expect.stringMatching(/store is inactive; shop is blocked/)
      })
      yield* client.domains.activate({ params })
      yield* awaitStates({ store: "active", shop: "active" })
      yield* client.domains.restart({ params })
      yield* awaitStates({ store: "active", shop: "active" })
      expect((yield* client.domains.get({ params })).generation).toBe(3)
    }).pipe(Effect.provide(both)))

  it.live("sends the list of domains again only when it has changed", () =>
    Effect.gen(function*() {
      yield* started
      const first = yield* ask("/api/v1/domains")
      const etag = first.headers.get("etag")!
      const again = yield* ask("/api/v1/domains", { headers: { "if-none-match": etag } })
      expect([again.status, again.text]).toEqual([304, ""])
      yield* tick
      const changed = yield* ask("/api/v1/domains", { headers: { "if-none-match": etag } })
      expect([changed.status, changed.json.tick]).toEqual([200, 2])
    }).pipe(Effect.provide(both)))

  it.live("describes itself as OpenAPI 3.1 and as a page that loads nothing from elsewhere", () =>
    Effect.gen(function*() {
      const { json } = yield* ask("/openapi.json")
      expect(json.openapi).toMatch(/^3\.1\./)
      expect(Object.keys(json.paths).sort()).toEqual(expect.arrayContaining([
        "/api/v1/domains",
        "/api/v1/domains/{name}/restart",
        "/api/v1/events",
        "/api/v1/history",
        "/health/live",
        "/metrics"
      ]))
      expect(json.paths["/api/v1/domains/{name}/restart"].post.security).toEqual([{ token: [] }])
      const docs = yield* ask("/docs")
      expect(docs.status).toBe(200)
      expect(docs.headers.get("content-security-policy")).toMatch(
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
      expect(error).toMatchObject({ _tag: "CannotListen", port })
      expect(error).toHaveProperty("message", expect.stringMatching(`^Port ${port} on 127.0.0.1 is taken`))
    }).pipe(Effect.scoped))

  it.live("keeps its address and a token of its own in the state folder, as long as it runs", () =>
    Effect.gen(function*() {
      const stateDir = yield* temporaryFolder
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(served([store], { server: { token: undefined, stateDir } }), scope)
      const { url } = Context.get(context, ControlServer.ControlServer)
      const { runId } = Context.get(context, CurrentRun)
      expect(yield* ControlFile.running(stateDir)).toEqual(
        Option.some({ url, runId, pid: process.pid, trail: "memory" })
      )
      const restart = (headers: Record<string, string>) =>
        Effect.promise(() => fetch(`${url}/api/v1/domains/store/deactivate`, { method: "POST", headers }))
      const kept = Option.getOrThrow(yield* TokenFile.find(stateDir))
      expect((yield* restart(bearer("another-token-0123456789"))).status).toBe(401)
      expect((yield* restart(bearer(Redacted.value(kept)))).status).toBe(202)
      yield* Scope.close(scope, Exit.void)
      expect(yield* ControlFile.read(stateDir)).toEqual(Option.none())
    }).pipe(Effect.scoped))

  it.live("does not listen for other machines without a token that was given", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Layer.build(served([store], { server: { host: "0.0.0.0", token: undefined } }))
      )
      expect(error).toMatchObject({ _tag: "TokenNeeded", message: expect.stringContaining("THUNDERLINE_TOKEN") })
    }).pipe(Effect.scoped))

  it.live("lets only those who have the token read when it listens for other machines; probes stay open", () =>
    Effect.gen(function*() {
      const paths = ["/api/v1/tick", "/api/v1/domains", "/api/v1/history", "/api/v1/events", "/metrics"]
      for (const path of paths) expect((yield* ask(path)).status).toBe(401)
      expect((yield* ask("/api/v1/domains", { headers: bearer() })).status).toBe(200)
      expect((yield* ask("/health/live")).status).toBe(200)
      expect(yield* (yield* Client).system.tick()).toMatchObject({ count: 0 })
    }).pipe(Effect.provide(served([store], { server: { host: "0.0.0.0" } }))))

  it.live("says that it is starting until the domains wait, and takes the address before", () =>
    Effect.gen(function*() {
      const options = { port: 0, token: Redacted.make(token), stateDir: "not made" }
      const { listener: { url } } = Context.get(
        yield* Layer.build(ControlServer.layerListening(options)),
        ControlServer.Listening
      )
      const response = yield* Effect.promise(() => fetch(`${url}/health/ready`))
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"])
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
      expect(performance.now() - before).toBeLessThan(3_000)
      yield* Deferred.await(ended)
      expect(yield* Context.get(context, Health).ready).toMatchObject({ reason: "The program is shutting down." })
      hanging.destroy()
    }))
})
