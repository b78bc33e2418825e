import * as Cause from "effect/Cause"
import type * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberHandle from "effect/FiberHandle"
import * as FiberMap from "effect/FiberMap"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** Who joins a `FiberSet`, a `FiberMap` or a `FiberHandle`. A set hands on the first failure of its entries only. */
export interface Joining {
  /** Whether this failure of an entry is the one that a joiner gets. */
  readonly gets: (exit: Exit.Failure<unknown, unknown>) => boolean
  /** Whether a joiner has got a failure. */
  readonly isJoined: () => boolean
  /** Calls `joined` when a joiner comes after the failure. */
  readonly onJoin: (joined: () => void) => void
}

/** Hears of each fiber that is put into a set. */
export type Enter = (fiber: AnyFiber, joining: Joining) => void

/** A set's fibers. */
class Entries extends Set<AnyFiber> {
  readonly enter: (fiber: AnyFiber) => void

  constructor(enter: (fiber: AnyFiber) => void) {
    super()
    this.enter = enter
  }

  override add(fiber: AnyFiber): this {
    super.add(fiber)
    this.enter(fiber)
    return this
  }
}

/** The public fields of the three kinds of sets that are read here. */
interface AnySet {
  state: { readonly _tag: "Open"; backing?: unknown; fibers?: Set<AnyFiber> } | { readonly _tag: "Closed" }
  readonly deferred: Deferred.Deferred<void, unknown>
}

const joiningOf = ({ deferred }: AnySet): Joining => {
  const joins = new Set<() => void>()
  let handedOn: unknown
  let joined = false
  const join = () => {
    joined = true
    for (const told of joins) told()
    joins.clear()
  }
  const waiters = (deferred.resumes ??= [])
  waiters.push((end) => {
    handedOn = end
    if (waiters.length > 1) return join()
    // A joiner that comes later gets the end by running this effect.
    deferred.effect = Effect.suspend(() => {
      join()
      return end
    })
  })
  return {
    gets: (exit) =>
      handedOn === undefined ? waiters.length > 1 && !Cause.hasInterruptsOnly(exit.cause) : joined && handedOn === exit,
    isJoined: () => joined,
    onJoin: (told) => void joins.add(told)
  }
}

/** Lets `enter` hear of each fiber that is put into a set which is still empty. */
const observe = (set: AnySet, enter: Enter): void => {
  if (set.state._tag === "Closed") return
  const joining = joiningOf(set)
  const entries = new Entries((fiber) => enter(fiber, joining))
  if (set.state.fibers === undefined) set.state.backing = entries
  else set.state.fibers = entries
}

/**
 * Calls `made` for each `FiberSet`, `FiberMap` and `FiberHandle` as soon as it is made, in the fiber that makes it: what
 * `made` gives hears of its entries.
 *
 * A set keeps its entries in a closure's reach only, so its prototype is the one place where it can be met: making one
 * assigns `deferred` last, and the prototype has a setter for that here.
 */
export const onMake = (made: () => Enter | undefined): void => {
  const makes: ReadonlyArray<Effect.Effect<object, never, Scope.Scope>> = [
    FiberSet.make(),
    FiberMap.make(),
    FiberHandle.make()
  ]
  for (const make of makes) {
    const prototype: object = Object.getPrototypeOf(Effect.runSync(Effect.scoped(make)))
    Object.defineProperty(prototype, "deferred", {
      configurable: true,
      set(this: AnySet, value: AnySet["deferred"]) {
        Object.defineProperty(this, "deferred", { configurable: true, enumerable: true, value, writable: true })
        const enter = made()
        if (enter !== undefined) observe(this, enter)
      }
    })
  }
}
