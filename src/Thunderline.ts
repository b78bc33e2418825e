/**
 * An application of domains: Thunderline's services, the domains waiting for their ticks, and the heartbeat, as one layer.
 * Use `layer` in any Effect program, `launch` as the main effect of a process, `app` for a module that `thunderline start`
 * runs. A service that needs no start order, supervision or health is a plain layer, not a domain.
 *
 * @example
 * ```ts
 * import { NodeRuntime } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import { Domain, Thunderline } from "thunderline"
 *
 * const cache = Domain.make("cache", { layer: Layer.empty })
 * const Main = Thunderline.layer({ domains: [cache], interval: "1 second" })
 *
 * NodeRuntime.runMain(Thunderline.launch(Main))
 * ```
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DomainRegistry from "./heartbeat/DomainRegistry.ts"
import { Heartbeat } from "./heartbeat/Heartbeat.ts"
import * as SystemPubSub from "./heartbeat/SystemPubSub.ts"
import * as TickGenerator from "./heartbeat/TickGenerator.ts"
import * as TickIngress from "./heartbeat/TickIngress.ts"
import * as TickNumberer from "./heartbeat/TickNumberer.ts"
import * as App from "./model/App.ts"
import type * as Domain from "./model/Domain.ts"
import type { DomainControl } from "./model/DomainControl.ts"
import * as DomainGraph from "./model/DomainGraph.ts"
import type { DomainHandles } from "./model/DomainHandle.ts"
import * as Escalation from "./model/Escalation.ts"
import * as Escalator from "./supervision/Escalator.ts"
import * as Health from "./supervision/Health.ts"
import * as ShutdownLimit from "./supervision/ShutdownLimit.ts"
import * as ShutdownNotice from "./supervision/ShutdownNotice.ts"
import * as Supervisor from "./supervision/Supervisor.ts"
import * as TickDispatcher from "./supervision/TickDispatcher.ts"
import * as SafeTelemetry from "./telemetry/SafeTelemetry.ts"
import * as CurrentRun from "./trail/CurrentRun.ts"
import * as MemoryRepo from "./trail/MemoryRepo.ts"
import * as Outbox from "./trail/Outbox.ts"
import * as Repo from "./trail/Repo.ts"
import type { RepoWriter } from "./trail/RepoWriter.ts"
import * as Retention from "./trail/Retention.ts"
import * as RunLease from "./trail/RunLease.ts"
import * as TrailStatus from "./trail/TrailStatus.ts"

/** The services that Thunderline itself provides, to the domains and to the app around it. */
export type Infrastructure =
  | CurrentRun.CurrentRun
  | SystemPubSub.SystemPubSub
  | Repo.Repo
  | TrailStatus.TrailStatus
  | Outbox.Outbox
  | RunLease.RunLease
  | DomainRegistry.DomainRegistry
  | TickGenerator.TickGenerator
  | TickDispatcher.TickDispatcher
  | DomainControl
  | DomainHandles
  | Escalation.Escalation
  | Health.Health

/** Why an application does not start. */
export type StartError = DomainGraph.DomainGraphError | TickGenerator.InvalidInterval | Repo.RunInUse | Repo.RepoError

/** An application; everything but the domains has a default. */
export interface Options<Domains extends ReadonlyArray<Domain.Any>, ERepo, RRepo>
  extends CurrentRun.CurrentRunOptions, TickGenerator.TickGeneratorOptions
{
  readonly domains: Domains
  /** Who sends the ticks: the clock (default), or only `TickGenerator.emit`. */
  readonly heartbeat?: "clock" | "manual" | undefined
  /** `false` activates the domains at start, without waiting for their tick (default true). */
  readonly waitForTick?: boolean | undefined
  /** Where the trail is kept (default: in memory). */
  readonly repo?: Layer.Layer<Repo.Repo | RepoWriter, ERepo, RRepo> | undefined
  readonly outbox?: Outbox.OutboxOptions | undefined
  /** How the run is kept alive in the trail. */
  readonly run?: RunLease.RunLeaseOptions | undefined
  /**
   * `required`: the program does not start without a trail, and an operation returns only when it is in there, else
   * fails with `TrailUnavailable`. `best-effort` (the default): it goes on without. Domains change state by themselves either way.
   */
  readonly trail?: "best-effort" | "required" | undefined
  /** How long such an operation waits for the trail (default 5 seconds). */
  readonly trailTimeout?: Duration.Input | undefined
  /** How long transitions are kept in the trail (default: for ever). */
  readonly retention?: Duration.Input | undefined
  /**
   * How long the end of all this may take (default 25 seconds; Kubernetes kills after 30). The domains have four fifths of
   * it. What has not ended then is abandoned and named in the log at ERROR. `launch` keeps to it for the layers around.
   */
  readonly shutdownTimeout?: Duration.Input | undefined
}

/** The last step of the start, once every domain waits for its gate, and the first one of the end. */
const heartbeat = Layer.effectDiscard(Effect.gen(function*() {
  const heartbeat = yield* Heartbeat
  const shutdown = yield* ShutdownNotice.ShutdownNotice
  yield* heartbeat.start
  yield* Effect.addFinalizer(() => shutdown.give)
}))

/**
 * An application of domains: Thunderline's services, the domains waiting for their ticks, and the heartbeat.
 *
 * What the domains need and neither a domain nor Thunderline provides is left in the requirements. Provide services that
 * domains share with the rest of the app around this layer.
 *
 * The layer is built from the bottom up, and closed from the top down: the heartbeat stops, the domains are deactivated
 * in reverse order, the outbox is flushed, the repo is closed.
 */
export const layer = <const Domains extends ReadonlyArray<Domain.Any>, ERepo = never, RRepo = never>(
  options: Options<Domains, ERepo, RRepo>
): Layer.Layer<
  Infrastructure,
  StartError | ERepo,
  Exclude<Domain.Requirements<Domains[number]>, Infrastructure> | RRepo
> => {
  const repo = options.repo ?? (MemoryRepo.layer as Layer.Layer<Repo.Repo | RepoWriter, ERepo, RRepo>)
  const ticks = options.heartbeat === "manual" ? TickGenerator.layerManual : TickGenerator.layer
  const trail = (limit: ShutdownLimit.ShutdownLimit) => {
    const writers = Outbox.layer(options.outbox).pipe(
      ShutdownLimit.stage("outbox", limit),
      Layer.provideMerge(Layer.merge(
        ShutdownLimit.stage("run lease", limit)(RunLease.layer(options)),
        Retention.layer(options.retention)
      ))
    )
    // The writing sides of the repo and of its status are for the writers alone.
    return Layer.mergeAll(
      writers,
      Layer.effect(Repo.Repo, Repo.Repo),
      Layer.effect(TrailStatus.TrailStatus, TrailStatus.TrailStatus)
    ).pipe(Layer.provide(Layer.merge(ShutdownLimit.stage("repo", limit)(repo), TrailStatus.layer)))
  }
  const application = (nodes: ReadonlyArray<DomainGraph.DomainNode>) => {
    const limit = ShutdownLimit.make(options.shutdownTimeout)
    return heartbeat.pipe(
      Layer.provideMerge(ShutdownLimit.stage("domains", limit)(Supervisor.layer({ ...options, nodes }))),
      Layer.provideMerge(Health.layer(options)),
      Layer.provideMerge(TickDispatcher.layer),
      Layer.provideMerge(ticks(options)),
      Layer.provideMerge(Layer.merge(TickIngress.layer, TickNumberer.layerLocal)),
      Layer.provideMerge(DomainRegistry.layer),
      Layer.provideMerge(trail(limit)),
      Layer.provideMerge(Layer.mergeAll(SystemPubSub.layer, Escalator.layer, ShutdownNotice.layer)),
      Layer.provideMerge(CurrentRun.layer(options)),
      ShutdownLimit.within(limit),
      Layer.provide(SafeTelemetry.layer())
    )
  }
  // A graph or an interval that is wrong fails before anything is opened.
  const checked = Effect.andThen(TickGenerator.checkInterval(options.interval), DomainGraph.make(options.domains))
  return Layer.unwrap(Effect.map(checked, application)) as Layer.Layer<
    Infrastructure,
    StartError | ERepo,
    Exclude<Domain.Requirements<Domains[number]>, Infrastructure> | RRepo
  >
}

/** An application for tests: ticks by hand (`TickGenerator.emit`), the trail in memory. */
export const layerTest = <const Domains extends ReadonlyArray<Domain.Any>>(
  options: Omit<Options<Domains, never, never>, "heartbeat" | "repo">
): Layer.Layer<Infrastructure, StartError, Exclude<Domain.Requirements<Domains[number]>, Infrastructure>> =>
  layer<Domains>({ ...options, heartbeat: "manual" })

/** What the domains of an application need from outside, and Thunderline does not provide. */
type Needs<Domains extends ReadonlyArray<Domain.Any>> = Exclude<Domain.Requirements<Domains[number]>, Infrastructure>

/** The domains of an application, and a layer that provides everything that they need from outside. */
export type AppOptions<Domains extends ReadonlyArray<Domain.Any>> =
  & { readonly domains: Domains }
  & ([Needs<Domains>] extends [never] ? { readonly layer?: Layer.Layer<never, unknown> }
    : { readonly layer: Layer.Layer<Needs<Domains>, unknown> })

/**
 * An application for `thunderline start APP`, as the module's default export. It does not compile while a domain needs a
 * service that neither a dependency nor Thunderline nor `layer` provides.
 */
export const app = <const Domains extends ReadonlyArray<Domain.Any>>(options: AppOptions<Domains>): App.App =>
  App.make(options.domains, options.layer as Layer.Layer<never, unknown> | undefined)

export { launch } from "./supervision/Launch.ts"

/** Completes when a domain that escalates is crashed for good: the program has to end. */
export const awaitEscalation: Effect.Effect<Escalation.Escalated, never, Escalation.Escalation> = Escalation.Escalation
  .use((escalation) => escalation.await)
