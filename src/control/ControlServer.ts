/**
 * The control plane of an application: HTTP API, live stream, probes, metrics and dashboard. Use it so that people,
 * platforms and `thunderline status`, `doctor` and `watch` can see the application and operate it. The application's own
 * routes belong into a domain with a server of its own.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Thunderline } from "thunderline"
 * import { ControlServer } from "thunderline/control"
 *
 * const Main = ControlServer.layer({ port: 4747 }).pipe(Layer.provideMerge(Thunderline.layer({ domains: [] })))
 * ```
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { isIP } from "node:net"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as ControlFile from "../node/ControlFile.ts"
import * as ControlPort from "../node/ControlPort.ts"
import * as StateFolder from "../node/StateFolder.ts"
import * as TokenFile from "../node/TokenFile.ts"
import { ShutdownNotice } from "../supervision/ShutdownNotice.ts"
import { Exporter } from "../telemetry/Exporter.ts"
import * as SafeTelemetry from "../telemetry/SafeTelemetry.ts"
import type { Infrastructure } from "../Thunderline.ts"
import { CurrentRun } from "../trail/CurrentRun.ts"
import { Repo } from "../trail/Repo.ts"
import { EventFeed, layer as feedLayer } from "./EventFeed.ts"
import * as Guard from "./Guard.ts"
import * as HttpListener from "./HttpListener.ts"
import * as Routes from "./Routes.ts"
import { Settings } from "./Settings.ts"

export { StateFolderUnknown } from "../node/StateFolder.ts"
export { TokenTooShort } from "../node/TokenFile.ts"
export { CannotListen } from "./HttpListener.ts"

/** Where the control plane listens, and for whom; everything has a default. */
export interface ControlServerOptions {
  /** The port (default: `$THUNDERLINE_PORT`, else 4747); 0 takes one that is free. */
  readonly port?: number | undefined
  /** The address to listen on (default `127.0.0.1`). Any other than loopback needs a token that was given. */
  readonly host?: string | undefined
  /**
   * The folder where `thunderline status`, `doctor` and `watch` find the program and its token (default: the command
   * line's, `$XDG_STATE_HOME/thunderline`). Programs that run at the same time need one each.
   */
  readonly stateDir?: string | undefined
  /** What changing anything takes (default: `$THUNDERLINE_TOKEN`, else one that is made and kept in the state folder). */
  readonly token?: Redacted.Redacted<string> | undefined
  /** Names that a request's `Host` may have, besides addresses and `localhost` (default: none). */
  readonly allowedHosts?: ReadonlyArray<string> | undefined
  /** The folder of the built dashboard (default: the one that comes with Thunderline). */
  readonly dashboard?: string | undefined
}

/** The address can be reached from other machines, and no token was given. */
export class TokenNeeded extends Schema.TaggedError<TokenNeeded>()("TokenNeeded", { host: Schema.String }) {
  override get message() {
    return `Listening on ${this.host} is open to other machines: set THUNDERLINE_TOKEN to a token of your own first`
  }
}

/** Why there is no control plane. */
export type ControlServerError =
  | TokenNeeded
  | HttpListener.CannotListen
  | StateFolder.StateFolderUnknown
  | TokenFile.TokenTooShort

/** Where the control plane is reached. */
export class ControlServer extends Context.Service<ControlServer, {
  /** Such as `http://127.0.0.1:4747`. */
  readonly url: string
}>()("thunderline/ControlServer") {}

/** An address that has been taken, and what will be served there. */
export class Listening extends Context.Service<Listening, {
  readonly listener: HttpListener.HttpListener
  readonly settings: Settings["Service"]
  readonly stateDir: string
  readonly dashboard: string
}>()("thunderline/control/Listening") {}

/** The dashboard beside this module; from a bundle, that of the installed package; else a folder that is not there. */
const builtDashboard = (): string => {
  const beside = fileURLToPath(new URL("../../dashboard/dist", import.meta.url))
  if (existsSync(beside)) return beside
  try {
    return join(dirname(createRequire(import.meta.url).resolve("thunderline/package.json")), "dashboard/dist")
  } catch {
    return beside
  }
}

/**
 * Takes the address. Around an application whose control plane is `layerServed`, this comes before anything of the
 * application: a port that is taken is known before a domain starts, and requests until then are answered with 503.
 */
export const layerListening = (options: ControlServerOptions = {}): Layer.Layer<Listening, ControlServerError> =>
  Layer.effect(
    Listening,
    Effect.gen(function*() {
      const { allowedHosts = [], host = "127.0.0.1" } = options
      const port = options.port ?? (yield* ControlPort.fromEnvironment)
      const stateDir = options.stateDir ?? (yield* StateFolder.defaultFolder)
      const { source, token } = yield* TokenFile.acquire(stateDir, options.token)
      if (!HttpListener.isLoopback(host) && source === "made") return yield* new TokenNeeded({ host })
      return {
        listener: yield* HttpListener.make({ host, port }),
        settings: {
          token,
          reading: HttpListener.isLoopback(host) ? "open" : "token",
          allowedHosts: isIP(host) === 0 ? [host, ...allowedHosts] : allowedHosts,
          collector: (yield* Exporter).collector
        },
        stateDir,
        dashboard: options.dashboard ?? builtDashboard()
      }
    })
  )

const unmeasured = /^\/(health|metrics|docs|openapi\.json|api\/v1\/events|assets)?(\/|\?|$)/

const serve = Effect.gen(function*() {
  const { dashboard, listener } = yield* Listening
  const feed = yield* EventFeed
  const guard = yield* Guard.make
  // Thunderline's layer has it, but not as a service for apps.
  const shutdown = yield* Effect.serviceOption(ShutdownNotice)
  const app = yield* HttpRouter.toHttpEffect(Routes.layer({ dashboard }))
  yield* listener.serve(guard(app))
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      if (Option.isSome(shutdown)) yield* shutdown.value.give
      yield* feed.end
      yield* listener.close
    })
  )
  yield* Effect.logInfo(`[ControlServer] Listening on ${listener.url}`)
})

/** Where the trail is, for commands that read it without the program. */
const trailOf = ({ durable }: Repo["Service"], stateDir: string): ControlFile.ControlFile["trail"] =>
  !durable ? "memory" : StateFolder.isHeldHere(stateDir) ? "embedded" : "external"

/** Lets the command line find the program. */
const announce = Effect.gen(function*() {
  const { listener: { url }, stateDir } = yield* Listening
  const { runId } = yield* CurrentRun
  yield* ControlFile.keep(stateDir, { url, pid: process.pid, runId, trail: trailOf(yield* Repo, stateDir) })
  return { url }
})

/**
 * Serves the control plane at an address that was taken before, see {@link layerListening}. At its end
 * readiness fails and the streams end at once, and requests under way have two seconds.
 */
export const layerServed: Layer.Layer<ControlServer, never, Listening | Infrastructure> = Layer.effect(
  ControlServer,
  Effect.andThen(serve, announce)
).pipe(
  Layer.provide(feedLayer()),
  Layer.provide(Layer.effect(Settings, Effect.map(Listening, ({ settings }) => settings))),
  Layer.provide(NodeHttpServer.layerHttpServices),
  // Nothing takes the token from a query, but a client may send it there: keep it out of traces.
  Layer.provide(Layer.succeed(UrlParams.CurrentRedactedNames)(["token", "access_token"])),
  Layer.provide(Layer.succeed(HttpMiddleware.TracerDisabledWhen)((request) => unmeasured.test(request.url))),
  Layer.provide(SafeTelemetry.layer())
)

/**
 * The control plane on Node's HTTP server; provide `Thunderline.layer` to it. The address is taken when the domains wait
 * for their ticks or already start: where it has to be taken before, use `layerServed` and {@link layerListening}.
 */
export const layer = (options?: ControlServerOptions): Layer.Layer<ControlServer, ControlServerError, Infrastructure> =>
  Layer.provide(layerServed, layerListening(options))
