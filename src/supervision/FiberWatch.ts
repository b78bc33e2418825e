import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import { attempt } from "../model/ForeignValue.ts"
import * as FiberInternals from "./FiberInternals.ts"
import * as FiberSets from "./FiberSets.ts"
import * as LayerScope from "./LayerScope.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** A fiber that failed, and nobody awaited it when it ended. */
export interface FiberFailure {
  readonly fiber: AnyFiber
  readonly exit: Exit.Failure<unknown, unknown>
  /** Whether it is in a scope, or in a set, of the domain's layer. */
  readonly isOwned: () => boolean
  /** The fiber that forked it, where that is known. */
  readonly forker: AnyFiber | undefined
  /** The set that it is in. */
  readonly joining: FiberSets.Joining | undefined
  /** The set that it is being put into is about to observe it. */
  readonly setFollows: boolean
}

/** Hears of the failures of a generation's fibers. */
export class FiberOwner extends Context.Service<FiberOwner, {
  readonly failed: (failure: FiberFailure) => void
  /** Whether the layer is being built. */
  readonly isBuilding: () => boolean
}>()("thunderline/FiberOwner") {}

/** What is known of a fiber besides that it runs. */
interface Adoption {
  readonly owner: FiberOwner["Service"]
  readonly isOwned: () => boolean
  readonly forker: AnyFiber | undefined
  readonly joining: FiberSets.Joining | undefined
}

/**
 * What is known of a fiber that is watched: how it was adopted, or `null`. The fiber carries it, so that one which never
 * ends is kept by nothing here.
 */
const known = Symbol("thunderline/known")
interface Watched {
  [known]?: Adoption | null
}
const knownOf = (fiber: AnyFiber): Adoption | null | undefined => (fiber as Watched)[known]
const setKnown = (fiber: AnyFiber, adoption: Adoption | null): void => {
  ;(fiber as Watched)[known] = adoption
}

/** The HTTP requests that have a fiber: a server has answered a request before its fiber fails. */
const requests = new WeakSet<object>()
/** The key of `HttpServerRequest`, whose module is not loaded for this. */
const Request = Context.Service<object>("effect/http/HttpServerRequest")

const always = () => true
const never = () => false

const isFailure = (fiber: AnyFiber, { cause }: Exit.Failure<unknown, unknown>): boolean =>
  Cause.hasInterruptsOnly(cause)
    ? !FiberInternals.askedToStop(fiber)
    : !cause.reasons.every((reason) => Cause.isFailReason(reason) && attempt(() => Cause.isDone(reason.error), false))

/** Whether a fiber serves an HTTP request; what it forks does not. */
const isRequest = ({ context }: AnyFiber): boolean => {
  const request = Context.getOrUndefined(context, Request)
  if (request === undefined || requests.has(request)) return false
  requests.add(request)
  return true
}

/** Watches a fiber until it ends. */
const watch = (fiber: AnyFiber, adopted: Adoption | null): void => {
  setKnown(fiber, adopted)
  const answered = isRequest(fiber)
  const ended = (exit: Exit.Exit<unknown, unknown>) => {
    if (Exit.isSuccess(exit) || !isFailure(fiber, exit)) return
    const adoption = knownOf(fiber)
    // This module's own observer, and a set's, look at nothing.
    const lookers = observers.filter(FiberInternals.takesExit).length - (adoption?.joining === undefined ? 1 : 2)
    if (lookers > 0) return
    const owner = adoption?.owner ?? Context.getOrUndefined(fiber.context, FiberOwner)
    const isOwned = adoption?.isOwned ?? never
    if (owner === undefined || (answered && isOwned !== always)) return
    owner.failed({ fiber, exit, isOwned, forker: adoption?.forker, joining: adoption?.joining, setFollows: false })
  }
  fiber.addObserver(ended)
  const observers = FiberInternals.observers(fiber)
}

/**
 * What is known of a fiber that starts while a layer is being built. `Layer.fresh`, `Layer.tap` and the like give the build
 * a scope that cannot be marked: what was forked into it is the layer's if the scope outlives the build.
 */
const buildFork = (fiber: AnyFiber): Adoption | null => {
  const owner = Context.getOrUndefined(fiber.context, FiberOwner)
  const scope = Context.getOrUndefined(fiber.context, Scope.Scope)
  if (owner?.isBuilding() !== true || scope === undefined || !LayerScope.holds(scope, fiber)) return null
  const isOwned = () => !owner.isBuilding() && scope.state._tag !== "Closed"
  return { owner, isOwned, forker: undefined, joining: undefined }
}

/** How many layers are being built. */
let builds = 0

/** Fibers that start from now on are those of a build, until the effect that is given back runs. */
export const building = (): () => void => {
  builds++
  let open = true
  return () => {
    if (open) builds--
    open = false
  }
}

/** The scheduler of a hooked context, through which each of its fibers goes at each start. */
class WatchScheduler implements Scheduler.Scheduler {
  readonly executionMode: "sync" | "async"
  readonly makeDispatcher: () => Scheduler.SchedulerDispatcher
  readonly shouldYield: (fiber: AnyFiber) => boolean

  constructor(scheduler: Scheduler.Scheduler) {
    this.executionMode = scheduler.executionMode
    this.makeDispatcher = () => scheduler.makeDispatcher()
    this.shouldYield = (fiber) => {
      if (fiber.currentOpCount === 1 && knownOf(fiber) === undefined) watch(fiber, builds > 0 ? buildFork(fiber) : null)
      return scheduler.shouldYield(fiber)
    }
  }
}

/** Takes a fiber into the care of an owner, when it enters a marked scope or a set. */
const adopt = (fiber: AnyFiber, owner: FiberOwner["Service"], owned: boolean, joining?: FiberSets.Joining): void => {
  const forker = Fiber.getCurrent()
  const isOwned = owned ? always : never
  const exit = fiber.pollUnsafe()
  if (exit !== undefined) {
    // It ended at its first step.
    if (Exit.isSuccess(exit) || !isFailure(fiber, exit)) return
    return owner.failed({ fiber, exit, isOwned, forker, joining, setFollows: joining !== undefined })
  }
  const before = knownOf(fiber)
  if (before?.isOwned === always) {
    if (joining !== undefined) setKnown(fiber, { ...before, joining })
    return
  }
  const adoption = { owner, isOwned, forker: before?.forker ?? forker, joining: joining ?? before?.joining }
  if (before === undefined) watch(fiber, adoption)
  else setKnown(fiber, adoption)
}

/** A context in which all fibers are watched, for an owner. */
export const install = (context: Context.Context<never>, owner: FiberOwner["Service"]): Context.Context<never> => {
  const scheduler = Context.get(context, Scheduler.Scheduler)
  return Context.add(context, FiberOwner, owner).pipe(
    Context.add(
      Scheduler.Scheduler,
      scheduler instanceof WatchScheduler ? scheduler : new WatchScheduler(scheduler)
    )
  )
}

/** Takes what is forked into the scopes of an owner's layer. */
class LayerAdopter implements LayerScope.Adopter {
  readonly owner: FiberOwner["Service"]

  constructor(owner: FiberOwner["Service"]) {
    this.owner = owner
  }

  adopt(fiber: AnyFiber): void {
    adopt(fiber, this.owner, true)
  }
}

/** Makes a scope one of an owner's layer: what is forked into it, by whichever fiber, is the owner's. */
export const own = (scope: Scope.Scope, owner: FiberOwner["Service"]): void =>
  LayerScope.mark(scope, new LayerAdopter(owner))

FiberSets.onMake(() => {
  const maker = Fiber.getCurrent()
  if (maker === undefined) return undefined
  const adopter = LayerScope.adopterOf(Context.getOrUndefined(maker.context, Scope.Scope))
  const owned = adopter instanceof LayerAdopter
  const owner = owned ? adopter.owner : Context.getOrUndefined(maker.context, FiberOwner)
  return owner && ((fiber, joining) => adopt(fiber, owner, owned, joining))
})
