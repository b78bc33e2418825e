import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import type * as HttpServer from "effect/http/HttpServer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { createServer, type Server, type ServerResponse } from "node:http"
import { isIP, type Socket } from "node:net"

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
        return `Port ${this.port} on ${this.host} is taken by another program: stop that one, or choose another port (--port)`
      case "EACCES":
        return `Listening on ${at} is not allowed to this user: choose a port above 1023 (--port)`
      case "EADDRNOTAVAIL":
      case "ENOTFOUND":
        return `${this.host} is not an address of this machine: choose another (--host)`
      default:
        return `Listening on ${at} failed: ${this.code}`
    }
  }
}

/** An address that listens. Until routes are served, every request is answered with 503. */
export interface HttpListener {
  /** Such as `http://127.0.0.1:4747`. */
  readonly url: string
  /** Hands requests over to the routes, for the life of the scope. */
  readonly serve: HttpServer.HttpServer["Service"]["serve"]
  /** Closes each connection as soon as its request is answered, and what is left after two seconds. */
  readonly close: Effect.Effect<void>
}

/** How long requests under way may take at the end, in milliseconds. */
const drain = 2_000

/** Whether an address is reached from this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."))

/** An address as it stands in a URL; one that means all addresses is reached by the loopback one. */
const shown = (host: string): string =>
  host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : isIP(host) === 6 ? `[${host}]` : host

/** Answers what Node itself refuses, as a problem document. */
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

const makeServer = (): Server =>
  refuse(createServer({
    requireHostHeader: false,
    maxHeaderSize: 16 * 1024,
    headersTimeout: 10_000,
    requestTimeout: 15_000,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 5_000
  }))

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

/** Node's own `closeIdleConnections` waits for connections that have never asked for anything. */
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

const starting = JSON.stringify({
  type: "about:blank",
  status: 503,
  title: "Service Unavailable",
  detail: "The program is starting"
})

const answerStarting = (_: unknown, response: ServerResponse) => {
  response.writeHead(503, { "content-type": "application/problem+json", "retry-after": "1" }).end(starting)
}

/** Takes an address for the life of the scope; port 0 takes one that is free. */
export const make = Effect.fnUntraced(function*(
  { host, port }: { readonly host: string; readonly port: number }
): Effect.fn.Return<HttpListener, CannotListen, Scope.Scope> {
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
  const serve = (app: Parameters<typeof http.serve>[0]) =>
    Effect.suspend(() => {
      server.off("request", answerStarting)
      // Nothing here is upgraded: without a listener Node takes such a request for what else it is.
      return Effect.andThen(http.serve(app), Effect.sync(() => void server.removeAllListeners("upgrade")))
    })
  return {
    url: `http://${shown(host)}:${bound}`,
    serve: serve as typeof http.serve,
    close: Effect.sync(() => closeSoon(server, connections))
  }
})
