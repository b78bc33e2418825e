/**
 * Defines the domains of an application: named layers with a policy for start, supervision and shutdown. Use one for each
 * part that can fail, restart or be waited for by itself. What needs neither is a plain `Layer`.
 *
 * @example
 * ```ts
 * import { Context, Effect, Layer } from "effect"
 * import { Domain } from "thunderline"
 *
 * class Cache extends Context.Service<Cache, { readonly size: Effect.Effect<number> }>()("Cache") {}
 *
 * const cache = Domain.make("cache", { layer: Layer.succeed(Cache, { size: Effect.succeed(0) }) })
 *
 * const reporter = Domain.make("reporter", {
 *   dependsOn: [cache],
 *   layer: Layer.empty,
 *   onTick: (tick) => Cache.use(({ size }) => Effect.flatMap(size, (n) => Effect.log(`${n} at tick ${tick.count}`))),
 *   restart: Domain.restartPolicy({ limit: 3, within: "10 minutes" })
 * })
 * ```
 */
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Covariant } from "effect/Types"
import { DomainHandles, type DomainUnavailable } from "./DomainHandle.ts"
import type { Reason } from "./DomainStatus.ts"
import * as RestartPolicy from "./RestartPolicy.ts"
import * as SeparateLayer from "./SeparateLayer.ts"
import type { Tick } from "./Tick.ts"

const TypeId = "~thunderline/Domain"

/** A domain's name: a lower-case letter, then up to 62 lower-case letters, digits, `_` or `-`. */
export const Name = Schema.String.check(Schema.isPattern(/^[a-z][a-z0-9_-]{0,62}$/))

/** What becomes of the application when this domain is not there. */
export const Criticality = Schema.Literals(["required", "optional"])
export type Criticality = typeof Criticality.Type

/**
 * A part of an application: a named `Layer` plus policy. What the layer provides are the domain's services.
 *
 * `Requirements` is what the layer, the workers and the callbacks need and no dependency provides; it becomes a
 * requirement of the application.
 */
export interface Domain<out Name extends string, out Services, out Error = never, out Requirements = never>
  extends Pipeable
{
  readonly [TypeId]: {
    readonly _Services: Covariant<Services>
    readonly _Error: Covariant<Error>
    readonly _Requirements: Covariant<Requirements>
  }
  readonly name: Name
  readonly dependsOn: ReadonlyArray<Any>
  readonly after: ReadonlyArray<Any>
  readonly activationTick: number
  // The type parameters say what these need; the supervisor provides it.
  readonly layer: Layer.Layer<never, unknown>
  readonly workers: ReadonlyArray<Worker>
  readonly onTick: ((tick: Tick) => Effect.Effect<unknown, unknown>) | undefined
  readonly onActivate: ((tick: Tick) => Effect.Effect<unknown, unknown>) | undefined
  readonly onDeactivate: ((reason: Reason) => Effect.Effect<unknown, unknown>) | undefined
  readonly criticality: Criticality
  readonly escalate: boolean
  readonly restart: RestartPolicy.RestartPolicy | "never"
  readonly activationTimeout: Duration.Duration
  readonly shutdownTimeout: Duration.Duration
  readonly maxMissedTicks: number
}

/** Any domain, whatever it provides and needs. */
export type Any = Domain<string, any, any, any>

/** The services that a domain provides. */
export type Services<D> = D extends Domain<infer _N, infer S, infer _E, infer _R> ? S : never

/** What a domain needs and no domain that it depends on provides. */
export type Requirements<D> = D extends Domain<infer _N, infer _S, infer _E, infer R> ? R : never

/** How the build of a domain can fail. */
export type Error<D> = D extends Domain<infer _N, infer _S, infer E, infer _R> ? E : never

/** A supervised background effect of a domain, with its name. Its failure is the domain's; its normal end is fine,
 * unless it is `permanent`. */
export interface Worker {
  readonly name: string
  readonly permanent: boolean
  readonly effect: Effect.Effect<unknown, unknown>
}

/** How a worker is written: the effect alone, or with `permanent: true` when it must never end. */
export type WorkerInput<R> =
  | Effect.Effect<unknown, unknown, R>
  | { readonly effect: Effect.Effect<unknown, unknown, R>; readonly permanent: boolean }

/** What workers need, all together; each may need something else. */
export type WorkersRequirements<Workers> = {
  [Name in keyof Workers]: Workers[Name] extends WorkerInput<infer R> ? R : never
}[keyof Workers]

/** A function that a domain calls with a tick or a reason. */
type Callback<A, R = never> = (value: A) => Effect.Effect<unknown, unknown, R>

type CallbackRequirements<F> = F extends Callback<never, infer R> ? R : never

/** Tells a domain from anything else, for example from what a module exports. */
export const isDomain = (u: unknown): u is Any => Predicate.hasProperty(u, TypeId)

/**
 * A restart policy. By default a crashed domain restarts without end, so that it comes back after any outage of what it
 * needs; only a `ConfigError` leaves it crashed at once.
 *
 * - `schedule`: the delays before the restarts (default: exponential from 200 ms, capped at 30 s, then jittered by a
 *   fifth). When it ends, the domain stays crashed. One that does not answer at once leaves the domain `crashed`
 *   meanwhile; one that takes longer than 1 second, fails, or gives a delay that is negative or endless is replaced by
 *   the default for this restart, and that is logged at ERROR.
 * - `limit`: at most so many restarts (default: no limit) within `within`. Activations that fail or time out count like
 *   crashes.
 * - `within`: for how long a restart counts (default 1 minute). Only time in which the domain is active counts. A domain
 *   that was active for so long in one go starts over with the first delay.
 * - `while`: whether the domain restarts after this cause (default: unless the cause holds a `ConfigError`). One that
 *   throws, or returns no boolean, is replaced by the default, and that is logged at ERROR.
 *
 * Each domain has its own budget: a sibling that keeps crashing never uses it up. Options that are out of range fail the
 * start of the application.
 */
export const restartPolicy = RestartPolicy.make

const Proto = {
  [TypeId]: { _Services: (_: never) => _, _Error: (_: never) => _, _Requirements: (_: never) => _ },
  pipe() {
    return pipeArguments(this, arguments)
  }
}

const worker = ([name, input]: readonly [string, WorkerInput<never>]): Worker =>
  "permanent" in input ? { name, ...input } : { name, permanent: false, effect: input }

/**
 * Defines a domain.
 *
 * - `layer`: its children. Each (re)build uses a fresh scope and a fresh memo map; a layer that should be shared with
 *   the rest of the app (a pool) is left in the requirements and provided around `Thunderline.layer`.
 * - `dependsOn`: domains whose services the layer, the workers and the callbacks may use, and whose fate it shares.
 * - `after`: domains that must be active first; no services, no shared fate.
 * - `activationTick`: the earliest tick (default 1).
 * - `workers`: background effects, run while the domain is active.
 * - `onTick`: called with each tick while active, one at a time; a tick that comes while it is busy replaces the one
 *   that waits.
 * - `onActivate`, `onDeactivate`: called after the layer is built, and before its scope is closed.
 * - `criticality`: `required` (default) or `optional`: the application is ready without it.
 * - `restart`: see {@link restartPolicy} (default: without end, unless the cause is a `ConfigError`); or `"never"`.
 * - `escalate`: when the domain is crashed for good, the program has to end: `Thunderline.launch` and the command line
 *   shut down in order and exit with 70, `Thunderline.layer` only completes `Thunderline.awaitEscalation` (default: true
 *   for a required domain, false for an optional one).
 * - `activationTimeout` (default 30 seconds) bounds layer and `onActivate`; `shutdownTimeout` (default 10 seconds)
 *   bounds `onDeactivate`, workers' ends and finalizers together, within what the application's own allows.
 * - `maxMissedTicks`: ticks left unanswered by `onTick` before the domain is taken for dead (default 3).
 *
 * A bad name fails the start of the application, with everything else that is wrong with the graph.
 */
export const make = <
  const Name extends string,
  ROut,
  E,
  RIn,
  const Deps extends ReadonlyArray<Any> = readonly [],
  const Workers extends { readonly [name: string]: WorkerInput<any> } = {},
  OnTick extends Callback<Tick, any> = Callback<Tick>,
  OnActivate extends Callback<Tick, any> = Callback<Tick>,
  OnDeactivate extends Callback<Reason, any> = Callback<Reason>
>(name: Name, options: {
  readonly layer: Layer.Layer<ROut, E, RIn>
  readonly dependsOn?: Deps
  readonly after?: ReadonlyArray<Any>
  readonly activationTick?: number
  readonly workers?: Workers
  readonly onTick?: OnTick
  readonly onActivate?: OnActivate
  readonly onDeactivate?: OnDeactivate
  readonly criticality?: Criticality
  readonly escalate?: boolean
  readonly restart?: RestartPolicy.RestartPolicy | "never"
  readonly activationTimeout?: Duration.Input
  readonly shutdownTimeout?: Duration.Input
  readonly maxMissedTicks?: number
}): Domain<
  Name,
  ROut,
  E,
  | Exclude<RIn, Services<Deps[number]>>
  | Exclude<
    WorkersRequirements<Workers> | CallbackRequirements<OnTick | OnActivate | OnDeactivate>,
    ROut | Services<Deps[number]> | Scope.Scope
  >
> =>
  Object.assign(Object.create(Proto), {
    name,
    dependsOn: options.dependsOn ?? [],
    after: options.after ?? [],
    activationTick: options.activationTick ?? 1,
    layer: options.layer,
    workers: Object.entries((options.workers ?? {}) as Record<string, WorkerInput<never>>).map(worker),
    onTick: options.onTick,
    onActivate: options.onActivate,
    onDeactivate: options.onDeactivate,
    criticality: options.criticality ?? "required",
    escalate: options.escalate ?? options.criticality !== "optional",
    restart: options.restart ?? restartPolicy(),
    activationTimeout: Duration.fromInputUnsafe(options.activationTimeout ?? "30 seconds"),
    shutdownTimeout: Duration.fromInputUnsafe(options.shutdownTimeout ?? "10 seconds"),
    maxMissedTicks: options.maxMissedTicks ?? 3
  })

/**
 * The same domain with some of its parts replaced, for example wrapped in something for a test. What the parts need and
 * provide is not checked: it must be what the domain had.
 */
export const derive = <D extends Any>(domain: D, parts: Partial<Omit<Any, "pipe" | typeof TypeId>>): D =>
  Object.assign(Object.create(Proto), domain, parts)

/**
 * The same layer, for domains that shall each have an instance of its own. Without it, Thunderline logs a warning when a
 * second domain builds a layer value that holds something: a connection, a fiber, anything with a finalizer.
 */
export const separate: <A, E, R>(layer: Layer.Layer<A, E, R>) => Layer.Layer<A, E, R> = SeparateLayer.make

/**
 * Runs an effect with a domain's services.
 *
 * It waits while the domain is on its way (for at most `timeout`; default: as long as it takes), fails with
 * `DomainUnavailable` at once when the domain is crashed for good, inactive or blocked by such a one, uses exactly one
 * generation, and fails with `DomainUnavailable` when that generation ends: the effect is interrupted, and what has not
 * ended within the domain's `shutdownTimeout` is abandoned. Its fiber then goes on alone.
 *
 * Returning a service out of `use`, or detaching a fiber in it, escapes this guarantee.
 */
export const use = <D extends Any, A, E, R>(
  domain: D,
  effect: Effect.Effect<A, E, R>,
  options?: { readonly timeout?: Duration.Input | undefined }
): Effect.Effect<A, E | DomainUnavailable, Exclude<R, Services<D>> | DomainHandles> =>
  DomainHandles.use((handles) => handles.use(domain.name, effect, options)) as Effect.Effect<
    A,
    E | DomainUnavailable,
    Exclude<R, Services<D>> | DomainHandles
  >

/** The same as `use`, for a pipe: `effect.pipe(Domain.provide(cache))`. */
export const provide =
  <D extends Any>(domain: D, options?: { readonly timeout?: Duration.Input | undefined }) =>
  <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | DomainUnavailable, Exclude<R, Services<D>> | DomainHandles> => use(domain, effect, options)
