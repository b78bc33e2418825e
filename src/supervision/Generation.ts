import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
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
import { ActivationTrace } from "../telemetry/ActivationTrace.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as FiberBlame from "./FiberBlame.ts"
import * as FiberWatch from "./FiberWatch.ts"
import * as HttpServing from "./HttpServing.ts"
import * as LayerMemo from "./LayerMemo.ts"
import * as SharedLayers from "./SharedLayers.ts"

/** A worker that is declared `permanent` has ended. */
export class WorkerEnded extends Schema.TaggedError<WorkerEnded>()("WorkerEnded", {
  domain: Schema.String,
  worker: Schema.String
}) {
  override get message() {
    return `The permanent worker ${this.worker} of domain ${this.domain} has ended`
  }
}

/** What a generation tells the supervisor when something in it fails. */
export interface Failure {
  readonly cause: Cause.Cause<unknown>
  readonly metadata: Schema.JsonObject
}

/** How a generation was closed; `abandoned` when its end exceeded the domain's `shutdownTimeout`. */
export interface Closing {
  readonly cause: Cause.Cause<unknown> | undefined
  readonly abandoned: boolean
}

/** What came of a use: a result, or the exit that its generation has ended with before. */
export type Used<A> =
  | { readonly _tag: "Returned"; readonly value: A }
  | { readonly _tag: "Ended"; readonly exit: Exit.Exit<unknown, unknown> }

export interface Options {
  readonly domain: Domain.Any
  readonly number: number
  readonly opening: Opening
  /** The span of its activation, begun when its gate opened. */
  readonly span: Tracer.Span
  /** The application's services and those of the domain's dependencies. */
  readonly environment: Context.Context<never>
  /** Hears of every failure of what runs in it. */
  readonly onFailure: (failure: Failure) => void
  /** Hears of failures that no layer owns and nobody awaits. */
  readonly onUnclaimed: (failure: FiberBlame.Unclaimed) => void
  /** Runs the timers of the generation. */
  readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}

/**
 * One generation of a domain: its scope, its services, everything that runs in it. It is built once, started once, closed
 * once, and nothing of it is used in the next generation.
 */
export class Generation {
  readonly domain: Domain.Any
  readonly number: number
  readonly opening: Opening
  readonly span: Tracer.Span
  readonly trace: ActivationTrace
  readonly onFailure: (failure: Failure) => void
  private readonly scope = Scope.makeUnsafe()
  private readonly ended = Deferred.makeUnsafe<Exit.Exit<unknown, unknown>>()
  private readonly running = new Set<Fiber.Fiber<unknown, unknown>>()
  private readonly blame: FiberBlame.FiberBlame
  private readonly environment: Context.Context<never>
  private context: Context.Context<never>
  private own: Context.Context<never> = Context.empty()
  private started = false
  private readonly stops: Array<Effect.Effect<void>> = []

  constructor(options: Options) {
    this.domain = options.domain
    this.number = options.number
    this.opening = options.opening
    this.span = options.span
    this.trace = new ActivationTrace(options.span, options.opening.tick.count)
    this.onFailure = options.onFailure
    this.blame = FiberBlame.make({
      fork: options.fork,
      crash: ({ cause, place }) => options.onFailure({ cause, metadata: { fiber: "scoped", place } }),
      log: options.onUnclaimed
    })
    FiberWatch.own(this.scope, this.blame.owner)
    this.environment = FiberWatch.install(
      Context.add(options.environment, Scope.Scope, this.scope).pipe(
        Context.add(HttpServing.Ending, {
          shutdownTimeout: options.domain.shutdownTimeout,
          onAbandoned: (stop) => void this.stops.push(stop)
        }),
        Context.add(References.CurrentLogAnnotations, {
          ...Context.get(options.environment, References.CurrentLogAnnotations),
          domain: options.domain.name
        })
      ),
      this.blame.owner
    )
    this.context = this.environment
  }

  /** The domain's own services, for those that depend on it. */
  get services(): Context.Context<never> {
    return this.own
  }

  /** Builds the layer and runs `onActivate`, in the fiber that runs it. */
  get build(): Effect.Effect<void, unknown> {
    const { domain, environment, opening, scope } = this
    const building = Effect.gen({ self: this }, function*() {
      const built = yield* Layer.buildWithMemoMap(domain.layer, this.makeMemoMap(), scope)
      this.own = Context.omit(Layer.CurrentMemoMap)(built)
      this.context = Context.merge(environment, this.own)
      if (domain.onActivate !== undefined) yield* Effect.provideContext(domain.onActivate(opening.tick), this.context)
    })
    return this.trace.run(building).pipe(Effect.provideContext(environment))
  }

  /** A fresh memo map, which makes the scopes of what it builds those of the domain's layer. */
  private makeMemoMap(): Layer.MemoMap {
    const { blame, domain, environment } = this
    const isStarted = () => this.started
    const owning = LayerMemo.change(Layer.makeMemoMapUnsafe(), (memoize) =>
      function(layer, scope, build) {
        return memoize.call(this, layer, scope, (memoMap, scope) => {
          if (!isStarted()) FiberWatch.own(scope, blame.owner)
          return build(memoMap, scope)
        })
      })
    return SharedLayers.watch(HttpServing.within(owning), domain, environment)
  }

  /** Runs an effect with the domain's own services and those of its dependencies. */
  fork<A, E>(effect: Effect.Effect<A, E>): Fiber.Fiber<A, E> {
    return Effect.runForkWith(this.context)(effect)
  }

  /** Starts the workers. */
  start(): void {
    this.started = true
    this.blame.activated()
    for (const worker of this.domain.workers) this.startWorker(worker)
  }

  private startWorker({ effect, name, permanent }: Domain.Worker): void {
    const fiber = this.fork(effect)
    const metadata = { worker: name }
    Fiber.runIn(fiber, this.scope)
    fiber.addObserver((exit) => {
      if (Exit.isFailure(exit)) {
        if (!this.hasEnded || !Cause.hasInterruptsOnly(exit.cause)) this.onFailure({ cause: exit.cause, metadata })
      } else if (permanent) {
        const cause = Cause.fail(new WorkerEnded({ domain: this.domain.name, worker: name }))
        this.onFailure({ cause, metadata })
      }
    })
  }

  /** Lets the generation's end interrupt a fiber, and wait for it. */
  track(fiber: Fiber.Fiber<unknown, unknown>): void {
    if (fiber.pollUnsafe() !== undefined) return
    this.running.add(fiber)
    fiber.addObserver(() => this.running.delete(fiber))
  }

  /** Ends the uses of this generation, which has left `active` with this exit; `close` comes in its turn. */
  end(exit: Exit.Exit<unknown, unknown>): void {
    Deferred.doneUnsafe(this.ended, Effect.succeed(exit))
    this.blame.closed()
  }

  /** Whether it has left: its end interrupts what runs in it, and that is no failure. */
  get hasEnded(): boolean {
    return Deferred.isDoneUnsafe(this.ended)
  }

  /**
   * Runs an effect with the domain's services. The generation's end interrupts it; what has not ended within
   * `shutdownTimeout` of that is abandoned: its fiber goes on alone, and `abandoned` is called.
   */
  use<A, E, R>(effect: Effect.Effect<A, E, R>, abandoned: () => void): Effect.Effect<Used<A>, E, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen({ self: this }, function*() {
        const { ended, own } = this
        if (Deferred.isDoneUnsafe(ended)) return { _tag: "Ended", exit: yield* Deferred.await(ended) }
        // Detached: a caller that ends would wait for a child.
        const fiber = yield* Effect.forkDetach(
          restore(Effect.updateContext(effect, (outer: Context.Context<R>) => Context.merge(outer, own))),
          { startImmediately: true }
        )
        this.track(fiber)
        const relinquish = this.relinquish(fiber, abandoned)
        const exit = yield* restore(Effect.raceFirst(Fiber.await(fiber), Effect.as(Deferred.await(ended), undefined)))
          .pipe(Effect.onInterrupt(() => relinquish))
        const last = exit ?? (yield* relinquish)
        if (last !== undefined && (exit !== undefined || Exit.isSuccess(last))) {
          return { _tag: "Returned", value: yield* last }
        }
        return { _tag: "Ended", exit: yield* Deferred.await(ended) }
      })
    )
  }

  /** Interrupts a use, and gives its exit; nothing if it has to be abandoned. */
  private relinquish<A, E>(fiber: Fiber.Fiber<A, E>, abandoned: () => void) {
    return Effect.suspend(() => {
      fiber.interruptUnsafe()
      const late = Deferred.await(this.ended).pipe(
        Effect.andThen(Effect.sleep(this.domain.shutdownTimeout)),
        Effect.andThen(Effect.sync(abandoned))
      )
      return Effect.raceFirst(Fiber.await(fiber), Effect.as(late, undefined))
    })
  }

  /**
   * Ends the uses and the build, runs `onDeactivate` if the generation was started, closes the scope: all within
   * `shutdownTimeout`. What exceeds it is abandoned.
   */
  close(
    building: Fiber.Fiber<void, unknown> | undefined,
    reason: Reason,
    exit: Exit.Exit<unknown, unknown>,
    span: Tracer.Span
  ): Effect.Effect<Closing> {
    return Effect.gen({ self: this }, function*() {
      this.end(exit)
      const fiber = this.fork(Spans.under(span)(this.closeNow(building, reason, exit)))
      const abandon = Effect.sync(() => {
        for (const stop of this.stops) this.fork(stop)
        fiber.interruptUnsafe()
      })
      const done = yield* Fiber.await(fiber).pipe(
        Effect.timeoutOption(this.domain.shutdownTimeout),
        Effect.onInterrupt(() => abandon)
      )
      if (Option.isNone(done)) {
        yield* abandon
        return { cause: undefined, abandoned: true }
      }
      return { cause: failures(Exit.isSuccess(done.value) ? done.value.value : [done.value]), abandoned: false }
    })
  }

  private closeNow(
    building: Fiber.Fiber<void, unknown> | undefined,
    reason: Reason,
    exit: Exit.Exit<unknown, unknown>
  ) {
    const { domain, running, scope, started } = this
    return Effect.gen(function*() {
      yield* Fiber.interruptAll(running)
      if (building !== undefined) yield* Fiber.interrupt(building)
      if (started && domain.onDeactivate !== undefined) yield* domain.onDeactivate(reason)
    }).pipe(
      Effect.exit,
      Effect.flatMap((hook) => Effect.exit(Scope.close(scope, exit)).pipe(Effect.map((closed) => [hook, closed]))),
      Effect.onInterrupt(() => Scope.close(scope, exit))
    )
  }
}

/** The causes of those that failed, interruption aside, as one. */
const failures = (exits: ReadonlyArray<Exit.Exit<unknown, unknown>>): Cause.Cause<unknown> | undefined =>
  exits.reduce<Cause.Cause<unknown> | undefined>((all, exit) => {
    if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return all
    return all === undefined ? exit.cause : Cause.combine(all, exit.cause)
  }, undefined)
