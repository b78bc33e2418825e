import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createServer, type Server } from "node:http"
import { isIP } from "node:net"
import { EventFeed, layer as feedLayer } from "../control/EventFeed.ts"
import * as Guard from "../control/Guard.ts"
import * as Routes from "../control/Routes.ts"
import { Settings } from "../control/Settings.ts"
import { Health } from "../Health.ts"
import type { Infrastructure } from "../Thunderline.ts"

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

/** What the parser refuses never reaches a route. */
const refuseUnparsable = (server: Server): Server =>
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
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

const makeServer = (): Server =>
  refuseUnparsable(createServer({
    maxHeaderSize: 16 * 1024,
    headersTimeout: 10_000,
    requestTimeout: 15_000,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 5_000
  }))

const unmeasured = /^\/(health|metrics|docs|openapi\.json|api\/v1\/events|assets)?(\/|\?|$)/

/** Serves the routes. What ends first is told first: not ready, streams ended, then at most 2 s for what is under way. */
const serve = (options: ControlServerOptions, server: Server) =>
  Layer.effect(
    ControlServer,
    Effect.gen(function*() {
      const health = yield* Health
      const feed = yield* EventFeed
      const http = yield* HttpServer.HttpServer
      const guard = yield* Guard.make
      const dashboard = options.dashboard ?? new URL("../../dashboard/dist", import.meta.url).pathname
      const app = yield* HttpRouter.toHttpEffect(Routes.layer({ dashboard }))
      yield* http.serve(guard(app))
      yield* Effect.addFinalizer(() =>
        Effect.gen(function*() {
          yield* health.stop
          yield* feed.end
          setTimeout(() => server.closeAllConnections(), drain).unref()
        })
      )
      const port = http.address._tag === "UnixPathAddress" ? options.port : http.address.port
      const url = `http://${shown(options.host)}:${port}`
      yield* Effect.logInfo(`[ControlServer] Listening on ${url}`)
      return { url }
    })
  ).pipe(Layer.provide(Layer.succeed(HttpMiddleware.TracerDisabledWhen)((request) => unmeasured.test(request.url))))

/** The control plane on Node's HTTP server: the API, the live stream, probes, metrics and the dashboard. */
export const layer = (
  options: ControlServerOptions
): Layer.Layer<ControlServer, ControlServerError, Infrastructure> =>
  Layer.unwrap(Effect.gen(function*() {
    const { allowedHosts, collector, host, port, token, tokenSource } = options
    const local = isLoopback(host)
    if (!local && tokenSource === "made") return yield* new TokenNeeded({ host })
    const server = makeServer()
    const settings = Settings.of({
      token,
      reading: local ? "open" : "token",
      allowedHosts: isIP(host) === 0 ? [host, ...allowedHosts ?? []] : allowedHosts ?? [],
      collector: collector ?? null
    })
    return serve(options, server).pipe(
      Layer.provide(feedLayer()),
      Layer.provide(NodeHttpServer.layer(() => server, { host, port, gracefulShutdownTimeout: drain })),
      Layer.provide(Layer.succeed(Settings, settings)),
      Layer.catchTag("ServeError", ({ cause }) => {
        const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
        return Layer.effectContext(Effect.fail(new CannotListen({ host, port, code })))
      })
    )
  }))
