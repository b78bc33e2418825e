import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { connect, type Socket } from "node:net"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import { brief, trail } from "../support/app.ts"
import { app, awaitGeneration, awaitState, makeDatabase, query, route, serve, until } from "../support/HttpApp.ts"
import * as HttpLoad from "../support/HttpLoad.ts"

const restart = (name: string) => DomainControl.use((control) => control.restart(name))

const abandoned = Effect.map(trail, (events) => events.filter(({ metadata }) => metadata["abandoned"] === true))

describe("a server domain that depends on its database", () => {
  const restarts = [["restarts", (_: Effect.Effect<boolean>) => restart("database")], [
    "crashes",
    (crash: Effect.Effect<boolean>) => crash
  ]] as const

  it.live.each(restarts)(
    "serves keep-alive clients again within 2.5 s when the database %s, and never with a closed one",
    ([_, end]) =>
      Effect.gen(function*() {
        const port = yield* HttpLoad.freePort
        const { crash, domain: database } = makeDatabase()
        const web = Domain.make("web", {
          dependsOn: [database],
          layer: serve(route("/", Effect.delay(query, "5 millis")), port)
        })
        yield* Effect.gen(function*() {
          yield* awaitState("web", "active")
          const { answers } = yield* HttpLoad.load(port, "/")
          yield* until(() => answers.length > 50)
          yield* end(crash)
          yield* awaitGeneration("web", 2)
          yield* until(() => answers.filter(({ body }) => body === "open 2").length > 50)
          assert.isBelow(HttpLoad.longestGap(answers, ({ body }) => body.startsWith("open")), 2_500)
          assert.isEmpty(answers.filter(({ body }) => body.startsWith("closed")))
          assert.isEmpty(yield* abandoned)
        }).pipe(Effect.scoped, Effect.provide(app(database, web)))
      }),
    { timeout: 30_000 }
  )
})

describe("a server domain whose database is inactive", () => {
  it.live("is not there: connections are refused until the database is active again", () =>
    Effect.gen(function*() {
      const port = yield* HttpLoad.freePort
      const { domain: database } = makeDatabase()
      const web = Domain.make("web", { dependsOn: [database], layer: serve(route("/", query), port) })
      yield* Effect.gen(function*() {
        const { activate, deactivate } = yield* DomainControl
        const ask = Effect.promise(() => HttpLoad.ask(port, "/"))
        yield* awaitState("web", "active")
        yield* deactivate("database")
        yield* awaitState("database", "inactive")
        assert.strictEqual((yield* ask).error, "ECONNREFUSED")
        yield* activate("database")
        yield* awaitGeneration("web", 2)
        assert.strictEqual((yield* ask).body, "open 2")
      }).pipe(Effect.scoped, Effect.provide(app(database, web)))
    }))
})

/** Requests of clients that never read and never close, each with what it asks. */
const stubborn = {
  nothing: "",
  half: "GET /slow HTTP/1.1\r\nHost: me\r\n",
  slow: "GET /slow HTTP/1.1\r\nHost: me\r\n\r\n",
  events: "GET /events HTTP/1.1\r\nHost: me\r\n\r\n",
  flood: "GET /flood HTTP/1.1\r\nHost: me\r\n\r\n",
  big: "GET /big HTTP/1.1\r\nHost: me\r\n\r\n",
  upload: "POST /upload HTTP/1.1\r\nHost: me\r\nContent-Length: 10\r\n\r\nhalf",
  socket: "GET /socket HTTP/1.1\r\nHost: me\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
}

/** What they ask for: responses that never end, or that a client has to read or to go on with. */
const stubbornRoutes = (opened: Array<string>) => {
  const add = <R>(
    method: "GET" | "POST",
    path: `/${string}`,
    answer: (
      request: HttpServerRequest.HttpServerRequest
    ) => Effect.Effect<HttpServerResponse.HttpServerResponse, any, R>,
    options?: { readonly uninterruptible: boolean }
  ) =>
    HttpRouter.add(
      method,
      path,
      HttpServerRequest.HttpServerRequest.use((request) => {
        opened.push(path)
        return answer(request)
      }),
      options
    )
  const events = Stream.fromSchedule(Schedule.spaced("10 millis")).pipe(
    Stream.map((n) => `data: ${n}\n\n`),
    Stream.encodeText
  )
  const flood = Stream.forever(Stream.succeed(new Uint8Array(1024 * 1024)))
  const big = new Uint8Array(64 * 1024 * 1024)
  return Layer.mergeAll(
    add("GET", "/slow", () => Effect.never),
    add(
      "GET",
      "/events",
      () => Effect.succeed(HttpServerResponse.stream(events, { contentType: "text/event-stream" }))
    ),
    add("GET", "/flood", () => Effect.succeed(HttpServerResponse.stream(flood))),
    add("GET", "/big", () => Effect.succeed(HttpServerResponse.uint8Array(big))),
    add("POST", "/upload", (request) => Effect.map(request.text, HttpServerResponse.text), { uninterruptible: true }),
    add("GET", "/socket", (request) =>
      request.upgrade.pipe(
        Effect.flatMap(({ reader }) => reader),
        Effect.flatMap(({ pull }) => Effect.forever(pull)),
        Effect.as(HttpServerResponse.empty())
      ))
  )
}

describe("clients that do not end", () => {
  const { upload: _, ...interruptible } = stubborn
  const bounds = [
    [2_500, stubborn, {}],
    [1_000, interruptible, { gracefulShutdownTimeout: "200 millis" }]
  ] as const

  it.live.each(bounds)(
    "do not delay the next generation by %d ms: streams, WebSockets, what nobody reads, what was never asked",
    ([ms, asks, options]) =>
      Effect.gen(function*() {
        const port = yield* HttpLoad.freePort
        const opened: Array<string> = []
        const { domain: database } = makeDatabase()
        const web = Domain.make("web", { dependsOn: [database], layer: serve(stubbornRoutes(opened), port, options) })
        yield* Effect.gen(function*() {
          yield* awaitState("web", "active")
          const clients = Object.values(asks).map((text) => {
            const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true })
            client.on("error", () => {}).write(text)
            return client.pause()
          })
          yield* until(() => opened.length === clients.length - 2)
          const started = performance.now()
          yield* restart("database")
          yield* awaitGeneration("web", 2)
          assert.isBelow(performance.now() - started, ms)
          assert.isEmpty(yield* abandoned)
          for (const client of clients) {
            yield* Effect.callback<void>((resume) => {
              const done = () => resume(Effect.void)
              client.on("end", done).on("close", done).resume()
            })
            client.destroy()
          }
        }).pipe(Effect.scoped, Effect.provide(app(database, web)))
      }),
    { timeout: 30_000 }
  )
})

describe("a server domain that reaches its database by Domain.use", () => {
  it.live(
    "refuses no connection while the database restarts, crashes or is inactive, and uses no closed one",
    () =>
      Effect.gen(function*() {
        const port = yield* HttpLoad.freePort
        const { crash, domain: database } = makeDatabase()
        const answer = Domain.use(database, Effect.delay(query, "5 millis")).pipe(
          Effect.map(HttpServerResponse.text),
          Effect.catchTag("DomainUnavailable", () => Effect.succeed(HttpServerResponse.empty({ status: 503 })))
        )
        const web = Domain.make("web", { layer: serve(HttpRouter.add("GET", "/", answer), port) })
        yield* Effect.gen(function*() {
          yield* awaitState("web", "active")
          yield* awaitState("database", "active")
          const { answers } = yield* HttpLoad.load(port, "/")
          const { activate, deactivate } = yield* DomainControl
          const served = (body: string) => until(() => answers.filter((answer) => answer.body === body).length > 20)
          yield* served("open 1")
          yield* crash
          yield* served("open 2")
          yield* restart("database")
          yield* served("open 3")
          yield* deactivate("database")
          yield* until(() => answers.at(-1)?.status === 503)
          yield* activate("database")
          yield* served("open 4")
          assert.isEmpty(answers.filter(({ error }) => error !== undefined))
          assert.isEmpty(answers.filter(({ body }) => body.startsWith("closed")))
          assert.sameMembers(Array.from(new Set(answers.map(({ status }) => status))), [200, 503])
          assert.lengthOf((yield* trail).filter(({ domain, to }) => domain === "web" && to === "active"), 1)
        }).pipe(Effect.scoped, Effect.provide(app(database, web)))
      }),
    { timeout: 30_000 }
  )
})

describe("a generation with a server that exceeds its shutdownTimeout", () => {
  const hang = Effect.uninterruptible(Effect.never)
  const stuck: ReadonlyArray<[string, {
    readonly above?: Layer.Layer<never>
    readonly onDeactivate?: () => Effect.Effect<void>
  }]> = [
    ["in a finalizer of its layer", { above: Layer.effectDiscard(Effect.addFinalizer(() => hang)) }],
    ["in onDeactivate", { onDeactivate: () => hang }]
  ]

  it.live.each(stuck)(
    "%s answers nothing once its database is closed, and leaves the port to the next",
    ([_, { above = Layer.empty, ...options }]) =>
      Effect.gen(function*() {
        const port = yield* HttpLoad.freePort
        const { domain: database } = makeDatabase()
        const routes = route("/", Effect.delay(query, "30 millis"), { uninterruptible: true })
        const web = Domain.make("web", {
          dependsOn: [database],
          layer: Layer.provideMerge(above, serve(routes, port)),
          shutdownTimeout: "300 millis",
          ...options
        })
        yield* Effect.gen(function*() {
          yield* awaitState("web", "active")
          const { answers } = yield* HttpLoad.load(port, "/")
          yield* until(() => answers.length > 20)
          yield* restart("database")
          yield* awaitGeneration("web", 2)
          yield* until(() => answers.filter(({ body }) => body === "open 2").length > 20)
          assert.deepStrictEqual((yield* abandoned).map(brief), ["web: deactivating -> waiting"])
          assert.notInclude((yield* trail).map(brief), "web: activating -> crashed")
          assert.isEmpty(answers.filter(({ body }) => body.startsWith("closed")))
        }).pipe(Effect.scoped, Effect.provide(app(database, web)))
      }),
    { timeout: 30_000 }
  )

  it.live("answers no first request of a connection either", () =>
    Effect.gen(function*() {
      const port = yield* HttpLoad.freePort
      let client: Socket | undefined
      let heard = ""
      const { domain: database } = makeDatabase(() => client?.write("GET / HTTP/1.1\r\nHost: me\r\n\r\n"))
      const web = Domain.make("web", {
        dependsOn: [database],
        layer: serve(route("/", query), port),
        shutdownTimeout: "300 millis",
        onDeactivate: () => hang
      })
      yield* Effect.gen(function*() {
        yield* awaitState("web", "active")
        client = connect(port, "127.0.0.1").on("error", () => {}).on("data", (data) => heard += data)
        yield* Effect.callback<void>((resume) => void client!.once("connect", () => resume(Effect.void)))
        yield* restart("database")
        yield* awaitGeneration("web", 2)
        yield* until(() => heard !== "")
        assert.match(heard, /^HTTP\/1.1 503 /)
        client.destroy()
      }).pipe(Effect.scoped, Effect.provide(app(database, web)))
    }))
})

describe("the graceful time-out", () => {
  const timeouts = [
    ["a fifth of the domain's shutdownTimeout", {}, 400],
    ["a shorter one that is given", { gracefulShutdownTimeout: "100 millis" }, 100]
  ] as const

  it.live.each(timeouts)(
    "is %s: a request under way has that long, then it is answered with 503; idle connections are closed at once",
    ([_, options, ms]) =>
      Effect.gen(function*() {
        const port = yield* HttpLoad.freePort
        const finish = yield* Deferred.make<string>()
        let started = 0
        const start = Effect.sync(() => void started++)
        const routes = Layer.mergeAll(
          route("/idle", Effect.as(start, "done")),
          route("/last", Effect.andThen(start, Deferred.await(finish))),
          route("/slow", Effect.andThen(start, Effect.never))
        )
        const web = Domain.make("web", { layer: serve(routes, port, options), shutdownTimeout: "2 seconds" })
        yield* Effect.gen(function*() {
          yield* awaitState("web", "active")
          const slow = HttpLoad.ask(port, "/slow")
          const last = HttpLoad.ask(port, "/last")
          const idle = connect(port, "127.0.0.1")
          let state = "asking"
          idle.on("data", () => (state = "idle")).on("close", () => (state = "closed"))
          idle.write("GET /idle HTTP/1.1\r\nHost: me\r\n\r\n")
          yield* until(() => started === 3 && state === "idle")
          const asked = performance.now()
          yield* restart("web")
          yield* until(() => state === "closed")
          const late = yield* Effect.promise(() => HttpLoad.ask(port, "/idle"))
          assert.strictEqual(late.error, "ECONNREFUSED", "it listens no more")
          yield* Deferred.succeed(finish, "done")
          const [cut, answered] = yield* Effect.promise(() => Promise.all([slow, last]))
          assert.deepStrictEqual([answered.status, answered.body, answered.closes], [200, "done", true])
          assert.strictEqual(cut.status, 503)
          assert.isAtLeast(cut.at - asked, ms - 10)
          assert.isBelow(cut.at - asked, ms + 500)
        }).pipe(Effect.scoped, Effect.provide(app(web)))
      })
  )
})

describe("a server that a worker builds with Layer.launch", () => {
  it.live("is not bounded: its requests keep the generation until shutdownTimeout", () =>
    Effect.gen(function*() {
      const port = yield* HttpLoad.freePort
      let started = false
      const slow = Effect.andThen(Effect.sync(() => (started = true)), Effect.never)
      const web = Domain.make("web", {
        layer: Layer.empty,
        workers: { http: Layer.launch(serve(route("/", slow), port)) },
        shutdownTimeout: "500 millis"
      })
      yield* Effect.gen(function*() {
        yield* awaitState("web", "active")
        const client = yield* Effect.callback<Socket, Error>((resume) => {
          const client = connect(port, "127.0.0.1", () => resume(Effect.succeed(client)))
          client.once("error", (error) => resume(Effect.fail(error)))
        }).pipe(Effect.retry(Schedule.spaced("5 millis")))
        client.write("GET / HTTP/1.1\r\nHost: me\r\n\r\n")
        yield* until(() => started)
        yield* restart("web")
        yield* awaitGeneration("web", 2)
        assert.deepStrictEqual((yield* abandoned).map(brief), ["web: deactivating -> activating"])
        client.destroy()
      }).pipe(Effect.scoped, Effect.provide(app(web)))
    }))
})
