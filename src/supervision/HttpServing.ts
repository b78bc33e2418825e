import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { HttpServer } from "effect/http/HttpServer"
import type * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as LayerMemo from "./LayerMemo.ts"

/** What is used of a connection of Node. */
interface NodeSocket {
  readonly server?: { readonly closeAllConnections?: () => void }
  readonly destroy: () => void
  readonly once: (event: "close", listener: () => void) => void
}

/** What is used of a request of Node; other platforms have none of it and close their connections themselves. */
interface NodeRequest {
  readonly source: { readonly socket?: NodeSocket | null }
  readonly response?: { shouldKeepAlive?: boolean }
}

// By their keys: the modules would load all of Effect's HTTP into every program.
const Server = Context.Service<HttpServer["Service"]>("effect/http/HttpServer")
const CurrentRequest = Context.Service<NodeRequest>("effect/http/HttpServerRequest")

/** How the generation ends for which a layer is built. */
export interface Ending {
  readonly shutdownTimeout: Duration.Duration
  /** Runs an effect, beside everything else, when the generation is abandoned. */
  readonly onAbandoned: (stop: Effect.Effect<void>) => void
}

/** The end of the generation; none outside of a domain. */
export const Ending = Context.Reference<Ending | undefined>("thunderline/HttpServing/Ending", {
  defaultValue: () => undefined
})

/** How long the last bytes of responses may take before their connections are closed. */
const flush = Duration.millis(50)

/** Tells the client not to send another request on the connection. */
const closeAfter = ({ response }: NodeRequest): void => {
  if (typeof response === "object") response.shouldKeepAlive = false
}

/** What a generation serves on a server. */
class Serving {
  readonly scope = Scope.makeUnsafe()
  private readonly requests = new Map<Fiber.Fiber<unknown, unknown>, NodeRequest>()
  /** The open connections that have asked for anything. */
  private readonly sockets = new Set<NodeSocket>()
  private server: NodeSocket["server"]
  private state: "open" | "draining" | "closed" = "open"

  /** Answers requests with an app, until the end. */
  answer<A, E, R>(app: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.withFiber((fiber) => {
      const request = Context.getUnsafe(fiber.context, CurrentRequest)
      const { socket } = request.source
      this.requests.set(fiber, request)
      fiber.addObserver(() => this.requests.delete(fiber))
      if (socket && !this.sockets.has(socket)) {
        this.server = socket.server
        this.sockets.add(socket)
        socket.once("close", () => this.sockets.delete(socket))
      }
      if (this.state !== "open") closeAfter(request)
      return this.state === "closed" ? Effect.interrupt : app
    })
  }

  /** Stops listening. Requests under way may take a while; then they are interrupted and all connections closed. */
  end(graceful: Duration.Duration, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.state === "open") this.state = "draining"
      for (const request of this.requests.values()) closeAfter(request)
      const drained = Effect.timeoutOption(this.answered(), graceful).pipe(
        Effect.andThen(Effect.sync(() => this.interrupt())),
        Effect.andThen(this.disconnect()),
        Effect.andThen(Effect.never)
      )
      // The server waits for its connections, but where it has interrupted the requests itself it leaves some open.
      return Effect.raceFirst(Scope.close(this.scope, exit), drained).pipe(
        Effect.andThen(Effect.suspend(() => this.sockets.size === 0 ? Effect.void : this.disconnect()))
      )
    })
  }

  /** Ends without another answer. */
  abandon(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.interrupt()
      this.destroy()
      return this.end(Duration.zero, Exit.void)
    })
  }

  /** Waits until no request is under way. */
  private answered(): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.requests.size === 0 ? Effect.void : Effect.andThen(Fiber.awaitAll(this.requests.keys()), this.answered())
    )
  }

  private disconnect(): Effect.Effect<void> {
    return Effect.andThen(Effect.sleep(flush), Effect.sync(() => this.destroy()))
  }

  private interrupt(): void {
    this.state = "closed"
    for (const fiber of this.requests.keys()) fiber.interruptUnsafe()
  }

  private destroy(): void {
    for (const socket of this.sockets) socket.destroy()
    this.server?.closeAllConnections?.()
  }
}

/** A fifth of the time that a generation has to end: 2 of 10 seconds, which leaves the rest to what is below. */
const gracefulOf = ({ shutdownTimeout }: Ending): Duration.Duration => Duration.times(shutdownTimeout, 1 / 5)

const bounded = (server: HttpServer["Service"]): HttpServer["Service"] => {
  const serve = (app: Effect.Effect<any, any, any>, middleware?: any): Effect.Effect<void, never, any> =>
    Effect.gen(function*() {
      const ending = yield* Ending
      if (ending === undefined) return yield* server.serve(app, middleware)
      const serving = new Serving()
      yield* Effect.addFinalizer((exit) => serving.end(gracefulOf(ending), exit))
      ending.onAbandoned(serving.abandon())
      yield* Scope.provide(server.serve(serving.answer(app), middleware), serving.scope)
    })
  return { ...server, serve }
}

/** The servers that have been made by `bounded`. */
const known = new WeakSet<HttpServer["Service"]>()

const bound = <A>(built: Context.Context<A>): Context.Context<A> => {
  const server: HttpServer["Service"] | undefined = built.mapUnsafe.get(Server.key)
  if (server === undefined || known.has(server)) return built
  const own = bounded(server)
  known.add(own)
  return Context.add(built, Server, own)
}

/**
 * Changes a memo map so that the HTTP servers in it end as the generation does that serves on them: its `shutdownTimeout`
 * decides how long requests under way may take, no client delays the end, and an abandoned generation answers nothing.
 */
export const within = (memoMap: Layer.MemoMap): Layer.MemoMap =>
  LayerMemo.change(memoMap, (memoize) =>
    function(layer, scope, build) {
      return memoize.call(this, layer, scope, (memoMap, scope) => Effect.map(build(memoMap, scope), bound))
    })
