import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import packageJson from "../../package.json" with { type: "json" }
import * as ControlServer from "../control/ControlServer.ts"
import * as App from "../model/App.ts"
import * as NodeMetrics from "../node/NodeMetrics.ts"
import * as SystemdNotify from "../node/SystemdNotify.ts"
import * as Otel from "../otel/Otel.ts"
import * as OtelSettings from "../otel/OtelSettings.ts"
import * as Otlp from "../otel/Otlp.ts"
import type { Database } from "../postgres/Database.ts"
import * as OpenDatabase from "../postgres/OpenDatabase.ts"
import * as ShutdownLimit from "../supervision/ShutdownLimit.ts"
import * as Thunderline from "../Thunderline.ts"
import type { Listen } from "./flags/Listen.ts"

/** How `start` was asked to run. */
export interface ProgramSettings {
  readonly interval: Duration.Duration
  readonly firstTick: "interval" | "immediate"
  /** Whether the program goes on without its trail. */
  readonly trail: "best-effort" | "required"
  /** The application's name in the trail. */
  readonly name: string
  /** Whether the database schema is brought up to date at the start. */
  readonly migrate: boolean
  /** How long transitions are kept; for ever without. */
  readonly retention: Option.Option<Duration.Duration>
  /** How long the shutdown of everything may take. */
  readonly shutdownTimeout: Duration.Duration
  /** Whether thundercrown, of the domains that come with Thunderline, carries its decisions out. */
  readonly policy: "act" | "dry-run"
  readonly database: Database
  /** The base URL of the collector; without it the environment says whether and where telemetry goes. */
  readonly otlp: Option.Option<string>
  readonly traceLevel: "Info" | "Debug"
  /** Where the control plane listens; `undefined` runs without one. */
  readonly listen: Listen | undefined
}

/** What runs when `start` is given no app. */
const sixDomains = (mode: ProgramSettings["policy"]) =>
  Effect.map(
    Effect.promise(() => import("../domains/SixDomains.ts")),
    ({ domainsWith }) => App.make(domainsWith({ policy: { mode } }))
  )

/** The collector that the flag or the environment names is sent to by the SDK, or without it by Effect's own exporter. */
const telemetry = ({ name, otlp, traceLevel }: ProgramSettings): Layer.Layer<never> =>
  Layer.unwrap(Effect.gen(function*() {
    if (Option.isNone(otlp) && !(yield* OtelSettings.isCollectorNamed)) return Layer.empty
    const options = {
      url: Option.getOrUndefined(otlp),
      serviceName: name,
      serviceVersion: packageJson.version,
      traceLevel
    }
    return Otel.layer(options).pipe(
      Layer.catchTag("OtelSdkMissing", ({ message }) =>
        Layer.provideMerge(
          Layer.effectDiscard(Effect.logInfo(`[Telemetry] Exported by Effect's own exporter. ${message}`)),
          Otlp.layer(options)
        ))
    )
  }))

/** Thunderline with the app's domains on the trail of choice. */
const thunderline = ({ domains, layer }: App.App, settings: ProgramSettings) =>
  // What the domains need and how the app's layer fails is known to the app alone.
  Thunderline.layer({
    domains,
    interval: settings.interval,
    firstTick: settings.firstTick,
    app: settings.name,
    version: packageJson.version,
    trail: settings.trail,
    retention: Option.getOrUndefined(settings.retention),
    shutdownTimeout: settings.shutdownTimeout,
    repo: OpenDatabase.layer(settings.database, { purpose: "run", migrate: settings.migrate })
  }).pipe(Layer.provide(layer)) as Layer.Layer<Thunderline.Infrastructure, unknown>

/** The same with its control plane: the address is taken before anything else, and given up last. */
const controlled =
  (listen: Listen, { database: { stateDir } }: ProgramSettings) =>
  <E>(main: Layer.Layer<Thunderline.Infrastructure, E>) =>
    ControlServer.layerServed.pipe(
      Layer.provideMerge(main),
      Layer.provide(ControlServer.layerListening({ ...listen, stateDir }))
    )

/**
 * The program that `start` runs, until it is interrupted or escalates; without an app, the domains that come with
 * Thunderline. Loaded when it is started: other commands do without it.
 */
export const run = Effect.fnUntraced(function*(settings: ProgramSettings, given: App.App | undefined) {
  const main = thunderline(given ?? (yield* sixDomains(settings.policy)), settings)
  const { listen } = settings
  return yield* Thunderline.launch(
    Layer.provideMerge(SystemdNotify.layer, listen === undefined ? main : controlled(listen, settings)(main))
  ).pipe(
    Effect.provideService(ShutdownLimit.CurrentLimit, ShutdownLimit.make(settings.shutdownTimeout)),
    Effect.provide(Layer.provideMerge(NodeMetrics.layer, telemetry(settings)))
  )
})
