import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServer from "effect/http/HttpServer"
import * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createServer, type Server, type ServerResponse } from "node:http"
import { isIP, type Socket } from "node:net"
import { fileURLToPath } from "node:url"
import { Health } from "../supervision/Health.ts"
import type { Infrastructure } from "../Thunderline.ts"
import { EventFeed, layer as feedLayer } from "./EventFeed.ts"
import * as Guard from "./Guard.ts"
import * as Routes from "./Routes.ts"
import { Settings } from "./Settings.ts"

/** Where the control plane listens, and for whom. */
export interface ControlServerOptions {
  /** The address to listen on, such as `127.0.0.1`. */
  readonly host: string
  /** The port; 0 takes one that is free. */
  readonly port: number
  /** What whoever changes something has to show. */
  readonly token: Redacted.Redacted<string>
  /** Whether the token was given by the operator; a server that listens elsewhere than on loopback needs that. */
  readonly tokenSource: "given" | "made"
  /** Names that a request's `Host` may have, besides addresses and `localhost`. */
  readonly allowedHosts?: ReadonlyArray<string> | undefined
  /** Where telemetry is sent to, without what is secret in it. */
  readonly collector?: string | null | undefined
  /** The folder of the built dashboard (default: the one that comes with Thunderline). */
  readonly dashboard?: string | undefined
}

/** The address is reached from other machines, and nobody has given a token. */
export class TokenNeeded extends Schema.TaggedError<TokenNeeded>()("TokenNeeded", { host: Schema.String }) {
  override get message() {
    return `Listening on ${this.host} is open to other machines: set THUNDERLINE_TOKEN to a token of your own first`
  }
}

/** The server could not begin to listen. */
export class CannotListen extends Schema.TaggedError<CannotListen>()("CannotListen", {
  host: Schema.String,
  port: Schema.Natural,
  code: Schema.String
}) {
  override get message() {
    const at = `${this.host}:${this.port}`
    switch (this.code) {
      case "EADDRINUSE":
        return `Port ${this.port} on ${this.host} is taken by another program: stop that one, or choose another with --port`
      case "EACCES":
        return `Listening on ${at} is not allowed to this user: choose a port above 1023 with --port`
      case "EADDRNOTAVAIL":
      case "ENOTFOUND":
        return `${this.host} is not an address of this machine: choose another with --host`
      default:
        return `Listening on ${at} failed: ${this.code}`
    }
  }
}

export type ControlServerError = TokenNeeded | CannotListen

/** Where the control plane can be reached. */
export class ControlServer extends Context.Service<ControlServer, {
  /** Such as `http://127.0.0.1:4747`. */
  readonly url: string
}>()("thunderline/ControlServer") {}

/** How long requests under way may take at the end, in milliseconds; then their connections are cut. */
const drain = 2_000

/** Whether an address is reached from this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."))

/** An address as it stands in a URL; one that means all addresses is reached by the loopback one. */
const shown = (host: string): string =>
  host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : isIP(host) === 6 ? `[${host}]` : host

/** What Node itself refuses never reaches a route. */
const refuse = (server: Server): Server =>
  server.on("checkExpectation", (_, response: ServerResponse) => {
    const body = JSON.stringify({ type: "about:blank", status: 417, title: "Expectation Failed" })
    response.writeHead(417, { "content-type": "application/problem+json", connection: "close" }).end(body)
  }).on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy()
    const [status, title] = error.code === "HPE_HEADER_OVERFLOW"
      ? [431, "Request Header Fields Too Large"]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? [408, "Request Timeout"]
      : [400, "Bad Request"]
    const body = JSON.stringify({ type: "about:blank", status, title })
    socket.end(
      `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`
    )
  })

/**
 * Closes the connections that no request is being answered on, others as soon as theirs is, and what is left when the
 * time to drain is over. Node's own `closeIdleConnections` waits for connections that have never asked for anything.
 */
const closeSoon = (server: Server, connections: ReadonlyMap<Socket, number>): void => {
  const close = () => {
    for (const [socket, requests] of connections) if (requests === 0) socket.destroy()
  }
  close()
  const answered = setInterval(close, 20).unref()
  const rest = setTimeout(() => server.closeAllConnections(), drain).unref()
  server.once("close", () => {
    clearInterval(answered)
    clearTimeout(rest)
  })
}

/** How many requests are being answered on each connection. */
const countRequests = (server: Server): ReadonlyMap<Socket, number> => {
  const connections = new Map<Socket, number>()
  const add = (socket: Socket, difference: number) => {
    const before = connections.get(socket)
    if (before !== undefined) connections.set(socket, before + difference)
  }
  server.on("connection", (socket) => {
    connections.set(socket, 0)
    socket.once("close", () => connections.delete(socket))
  })
  server.on("request", ({ socket }, response) => {
    add(socket, 1)
    response.once("close", () => add(socket, -1))
  })
  return connections
}

const settings = ({ allowedHosts = [], collector, host, token }: ControlServerOptions) =>
  Settings.of({
    token,
    reading: isLoopback(host) ? "open" : "token",
    allowedHosts: isIP(host) === 0 ? [host, ...allowedHosts] : allowedHosts,
    collector: collector ?? null
  })

const makeServer = (): Server =>
  refuse(createServer({
    requireHostHeader: false,
    maxHeaderSize: 16 * 1024,
    headersTimeout: 10_000,
    requestTimeout: 15_000,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 5_000
  }))

/** A socket that listens; until the routes are there, whoever asks is told to wait. */
export class Listening extends Context.Service<Listening, {
  readonly server: Server
  readonly connections: ReadonlyMap<Socket, number>
  readonly http: HttpServer.HttpServer["Service"]
  /** Such as `http://127.0.0.1:4747`. */
  readonly url: string
}>()("thunderline/ControlServer/Listening") {}

const starting = JSON.stringify({
  type: "about:blank",
  status: 503,
  title: "Service Unavailable",
  detail: "The program is starting"
})

const answerStarting = (_: unknown, response: ServerResponse) => {
  response.writeHead(503, { "content-type": "application/problem+json", "retry-after": "1" }).end(starting)
}

/**
 * Takes the address, before anything else is started: a port that is taken is known then. What listens is closed last;
 * `layerServed` has stopped taking requests long before.
 */
export const layerListening = (options: ControlServerOptions): Layer.Layer<Listening, ControlServerError> =>
  Layer.effect(
    Listening,
    Effect.gen(function*() {
      const { host, port, tokenSource } = options
      if (!isLoopback(host) && tokenSource === "made") return yield* new TokenNeeded({ host })
      const server = makeServer()
      const connections = countRequests(server)
      server.on("request", answerStarting)
      const http = yield* NodeHttpServer.make(() => server, { host, port, gracefulShutdownTimeout: drain }).pipe(
        Effect.mapError(({ cause }) => {
          const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
          return new CannotListen({ host, port, code })
        })
      )
      yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
      const bound = http.address._tag === "UnixPathAddress" ? port : http.address.port
      return { server, connections, http, url: `http://${shown(host)}:${bound}` }
    })
  )

const unmeasured = /^\/(health|metrics|docs|openapi\.json|api\/v1\/events|assets)?(\/|\?|$)/

/**
 * Serves the routes. What ends first is told first: not ready, streams ended, then at most 2 s for what is under way.
 */
export const layerServed = (
  options: ControlServerOptions
): Layer.Layer<ControlServer, never, Listening | Infrastructure> =>
  Layer.effect(
    ControlServer,
    Effect.gen(function*() {
      const { connections, http, server, url } = yield* Listening
      const health = yield* Health
      const feed = yield* EventFeed
      const guard = yield* Guard.make
      const dashboard = options.dashboard ?? fileURLToPath(new URL("../../dashboard/dist", import.meta.url))
      const app = yield* HttpRouter.toHttpEffect(Routes.layer({ dashboard }))
      server.off("request", answerStarting)
      yield* http.serve(guard(app))
      // Nothing here is upgraded: without a listener Node takes such a request for what else it is.
      server.removeAllListeners("upgrade")
      yield* Effect.addFinalizer(() =>
        Effect.gen(function*() {
          yield* health.stop
          yield* feed.end
          closeSoon(server, connections)
        })
      )
      yield* Effect.logInfo(`[ControlServer] Listening on ${url}`)
      return { url }
    })
  ).pipe(
    Layer.provide(feedLayer()),
    Layer.provide(NodeHttpServer.layerHttpServices),
    Layer.provide(Layer.succeed(Settings, settings(options))),
    // Nothing takes the token from a query; whoever sends it there shall not find it in a trace.
    Layer.provide(Layer.succeed(UrlParams.CurrentRedactedNames)(["token", "access_token"])),
    Layer.provide(Layer.succeed(HttpMiddleware.TracerDisabledWhen)((request) => unmeasured.test(request.url)))
  )

/** The control plane on Node's HTTP server: the API, the live stream, probes, metrics and the dashboard. */
export const layer = (
  options: ControlServerOptions
): Layer.Layer<ControlServer, ControlServerError, Infrastructure> =>
  Layer.provide(layerServed(options), layerListening(options))
