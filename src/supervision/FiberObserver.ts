import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"

/**
 * Who owns a fiber that failed: a scope (`forkScoped`, `forkIn`), the fiber that forked it and may still join it
 * (`forkChild`), or nothing (`forkDetach`). The failure of a fiber that is awaited, joined or kept in a `FiberSet` is not
 * reported.
 */
export type Ownership = "scope" | "child" | "detached"

/** Sees the failures of the fibers that are forked inside the fibers that it forks. */
export interface FiberObserver {
  /** A context in which forked fibers are observed. */
  readonly install: (context: Context.Context<never>) => Context.Context<never>
  /** Forks with such a context. The failure of this fiber itself is not reported. */
  readonly fork: <A, E>(context: Context.Context<never>, effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  /** Runs an effect that installs such a context in the fiber that runs it, whose own failure is not reported. */
  readonly adopt: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
}

/** What is read of a fiber here and is not in its interface; the canary test tells when Effect changes it. */
interface FiberInternals {
  readonly _parent: unknown
  readonly _observers: ReadonlyArray<unknown> | undefined
}

const owns = (scope: Scope.Scope | undefined, fiber: Fiber.Fiber<unknown, unknown>): boolean => {
  const state = scope?.state
  if (state?._tag !== "Open") return false
  return state.finalizerKey === fiber || state.finalizers?.has(fiber) === true
}

/**
 * An observer for one generation of a domain.
 *
 * `FiberRuntimeMetrics` hears of every start and end but not of which fiber, and the scheduler sees every fiber at its
 * first step: together they tell. What was installed for either before is called as well.
 */
export const make = (
  environment: Context.Context<never>,
  onFailure: (cause: Cause.Cause<unknown>, ownership: Ownership) => void
): FiberObserver => {
  const scheduler = Context.get(environment, Scheduler.Scheduler)
  const metrics = Context.get(environment, Metric.FiberRuntimeMetrics)
  /** A root that is done as soon as it is forked is never one of them. */
  const alive = new Map<Fiber.Fiber<unknown, unknown>, "root" | "inner">()
  /** The root that is being forked, which takes its first step before anything else can. */
  let root: Fiber.Fiber<unknown, unknown> | "next" | undefined
  let unseen = 0

  const keep = (fiber: Fiber.Fiber<unknown, unknown>, kind: "root" | "inner") => {
    alive.set(fiber, kind)
    fiber.addObserver(() => alive.delete(fiber))
  }

  const see = (fiber: Fiber.Fiber<unknown, unknown>) => {
    unseen--
    if (root === "next") root = fiber
    else keep(fiber, "inner")
  }

  const ended = (context: Context.Context<never>, exit: Exit.Exit<unknown, unknown>) => {
    if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return
    for (const [fiber, kind] of alive) {
      if (fiber.pollUnsafe() !== exit) continue
      if (kind === "root") return
      const { _observers, _parent } = fiber as unknown as FiberInternals
      if (owns(Context.getOrUndefined(context, Scope.Scope), fiber)) return onFailure(exit.cause, "scope")
      // One observer is this module's own.
      if (_observers !== undefined && _observers.length > 1) return
      return onFailure(exit.cause, _parent === undefined ? "detached" : "child")
    }
  }

  const observing = Context.make(Metric.FiberRuntimeMetrics, {
    recordFiberStart: (context) => {
      unseen++
      metrics?.recordFiberStart(context)
    },
    recordFiberEnd: (context, exit) => {
      ended(context, exit)
      metrics?.recordFiberEnd(context, exit)
    }
  }).pipe(Context.add(Scheduler.Scheduler, {
    executionMode: scheduler.executionMode,
    makeDispatcher: () => scheduler.makeDispatcher(),
    shouldYield: (fiber) => {
      if (unseen > 0 && fiber !== root && !alive.has(fiber)) see(fiber)
      return scheduler.shouldYield(fiber)
    }
  }))

  return {
    install: (context) => Context.merge(context, observing),
    fork: (context, effect) => {
      const outer = root
      root = "next"
      const fiber = Effect.runForkWith(context)(effect)
      root = outer
      if (fiber.pollUnsafe() === undefined) keep(fiber, "root")
      return fiber
    },
    adopt: (effect) =>
      Effect.withFiber((fiber) => {
        keep(fiber, "root")
        return effect
      })
  }
}
