import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import type * as Domain from "../model/Domain.ts"
import type { Opening, Reason } from "../model/DomainStatus.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as FiberObserver from "./FiberObserver.ts"

/** A domain's layer and `onActivate` were not ready in time. */
export class ActivationTimeout extends Schema.TaggedError<ActivationTimeout>()("ActivationTimeout", {
  domain: Schema.String,
  timeoutMs: Schema.Finite
}) {
  override get message() {
    return `Domain ${this.domain} was not active within its activationTimeout of ${this.timeoutMs}ms`
  }
}

/** A worker that is declared `permanent` has ended. */
export class WorkerEnded extends Schema.TaggedError<WorkerEnded>()("WorkerEnded", {
  domain: Schema.String,
  worker: Schema.String
}) {
  override get message() {
    return `The permanent worker ${this.worker} of domain ${this.domain} has ended`
  }
}

/** What a generation tells its supervisor. */
export interface Failure {
  readonly cause: Cause.Cause<unknown>
  readonly metadata: Schema.JsonObject
}

/** How a generation was closed: `abandoned` is what could not be waited for any longer. */
export interface Closing {
  readonly cause: Cause.Cause<unknown> | undefined
  readonly abandoned: boolean
}

/**
 * One building of a domain: its scope, its services, everything that runs in it. It is built once, started once, closed
 * once, and nothing of it is used in the next generation.
 */
export interface Generation {
  readonly domain: Domain.Any
  readonly number: number
  readonly opening: Opening
  /** The span of its activation, begun when its gate opened. */
  readonly span: Tracer.Span
  /** Hears of every failure of what runs in it. */
  readonly onFailure: (failure: Failure) => void
  /** Builds the layer and runs `onActivate`; the wait for it is bounded by `activationTimeout`, not the work. */
  readonly build: Effect.Effect<void, unknown>
  /** Runs an effect with the domain's own services and those of its dependencies. */
  readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  /** The domain's own services, for those that depend on it. */
  readonly services: () => Context.Context<never>
  /** Starts the workers. */
  readonly start: () => void
  /** Lets the generation's end interrupt a fiber, and wait for it. */
  readonly track: (fiber: Fiber.Fiber<unknown, unknown>) => void
  /** Runs an effect in this generation, which ends it with `Option.none` when the generation ends. */
  readonly use: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<Option.Option<A>, E, R>
  /** Ends the uses, runs `onDeactivate` if it was started, closes the scope: all within `shutdownTimeout`. */
  readonly close: (reason: Reason, exit: Exit.Exit<unknown, unknown>, span: Tracer.Span) => Effect.Effect<Closing>
}

const isInterrupt = (cause: Cause.Cause<unknown>) => Cause.hasInterruptsOnly(cause)

/**
 * A generation, not yet built. `environment` holds the application's services and those of the dependencies.
 */
export const make = (options: {
  readonly domain: Domain.Any
  readonly number: number
  readonly opening: Opening
  readonly span: Tracer.Span
  readonly environment: Context.Context<never>
  readonly onFailure: (failure: Failure) => void
}): Generation => {
  const { domain, number, onFailure, opening, span } = options
  const scope = Scope.makeUnsafe()
  const ended = Deferred.makeUnsafe<void>()
  const running = new Set<Fiber.Fiber<unknown, unknown>>()
  const observer = FiberObserver.make(options.environment, (cause, ownership) => {
    if (ownership === "scope") return onFailure({ cause, metadata: { fiber: "scoped" } })
    Effect.runForkWith(options.environment)(
      Effect.logWithLevel(ownership === "detached" ? "Warn" : "Debug")(
        `[${domain.name}] A ${ownership} fiber failed that nobody waits for`,
        cause
      ).pipe(Effect.annotateLogs({ domain: domain.name, tick: opening.tick.count }))
    )
  })
  const environment = observer.install(
    Context.add(options.environment, Scope.Scope, scope).pipe(
      Context.add(References.CurrentLogAnnotations, {
        ...Context.get(options.environment, References.CurrentLogAnnotations),
        domain: domain.name
      })
    )
  )
  let services: Context.Context<never> = Context.empty()
  let context: Context.Context<never> = environment
  let building: Fiber.Fiber<void, unknown> | undefined
  let started = false

  const fork = <A, E>(effect: Effect.Effect<A, E>) => observer.fork(context, effect)

  const buildNow = Effect.gen(function*() {
    const built = yield* Layer.buildWithMemoMap(domain.layer, Layer.makeMemoMapUnsafe(), scope)
    services = Context.omit(Layer.CurrentMemoMap)(built)
    context = Context.merge(environment, services)
    if (domain.onActivate !== undefined) yield* Effect.provideContext(domain.onActivate(opening.tick), context)
  }).pipe(Effect.annotateLogs("tick", opening.tick.count), Spans.under(span))

  const build = Effect.gen(function*() {
    // The build is detached because acquiring is uninterruptible: only the wait for it can be timed.
    building = fork(buildNow)
    const exit = yield* Effect.timeoutOption(Fiber.await(building), domain.activationTimeout)
    if (Option.isSome(exit)) return yield* exit.value
    return yield* new ActivationTimeout({
      domain: domain.name,
      timeoutMs: Duration.toMillis(domain.activationTimeout)
    })
  })

  const start = () => {
    started = true
    for (const worker of domain.workers) {
      const fiber = fork(worker.effect)
      Fiber.runIn(fiber, scope)
      fiber.addObserver((exit) => {
        const metadata = { worker: worker.name }
        if (Exit.isSuccess(exit)) {
          if (worker.permanent) {
            onFailure({ cause: Cause.fail(new WorkerEnded({ domain: domain.name, worker: worker.name })), metadata })
          }
        } else if (!isInterrupt(exit.cause)) {
          onFailure({ cause: exit.cause, metadata })
        }
      })
    }
  }

  const track = (fiber: Fiber.Fiber<unknown, unknown>) => {
    if (fiber.pollUnsafe() !== undefined) return
    running.add(fiber)
    fiber.addObserver(() => running.delete(fiber))
  }

  const use = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Option.Option<A>, E, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        if (Deferred.isDoneUnsafe(ended)) return Option.none()
        const fiber = yield* Effect.forkChild(
          restore(Effect.updateContext(effect, (outer: Context.Context<R>) => Context.merge(outer, services))),
          { startImmediately: true }
        )
        track(fiber)
        const exit = yield* restore(Effect.raceFirst(Fiber.await(fiber), Deferred.await(ended))).pipe(
          Effect.onInterrupt(() => Fiber.interrupt(fiber))
        )
        if (exit !== undefined) return Option.some(yield* exit)
        const last = yield* Fiber.interrupt(fiber).pipe(Effect.andThen(Fiber.await(fiber)))
        return Exit.isSuccess(last) ? Option.some(last.value) : Option.none()
      })
    )

  const closeNow = (reason: Reason, exit: Exit.Exit<unknown, unknown>) =>
    Effect.gen(function*() {
      Deferred.doneUnsafe(ended, Effect.void)
      yield* Fiber.interruptAll(running)
      if (building !== undefined) yield* Fiber.interrupt(building)
      if (started && domain.onDeactivate !== undefined) {
        yield* domain.onDeactivate(reason)
      }
    }).pipe(
      Effect.exit,
      Effect.flatMap((hook) => Effect.exit(Scope.close(scope, exit)).pipe(Effect.map((closed) => [hook, closed]))),
      Effect.onInterrupt(() => Scope.close(scope, exit))
    )

  const close = (reason: Reason, exit: Exit.Exit<unknown, unknown>, span: Tracer.Span): Effect.Effect<Closing> =>
    Effect.gen(function*() {
      const fiber = fork(Spans.under(span)(closeNow(reason, exit)))
      const done = yield* Effect.timeoutOption(Fiber.await(fiber), domain.shutdownTimeout)
      if (Option.isNone(done)) {
        fiber.interruptUnsafe()
        return { cause: undefined, abandoned: true }
      }
      const exits = Exit.isSuccess(done.value) ? done.value.value : [done.value]
      const cause = exits.flatMap((one) => Exit.isFailure(one) && !isInterrupt(one.cause) ? [one.cause] : [])
        .reduce<Cause.Cause<unknown> | undefined>(
          (all, one) => all === undefined ? one : Cause.combine(all, one),
          undefined
        )
      return { cause, abandoned: false }
    })

  return {
    domain,
    number,
    opening,
    span,
    onFailure,
    build,
    fork,
    services: () => services,
    start,
    track,
    use,
    close
  }
}
