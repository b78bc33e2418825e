import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"

type Finalizer = (exit: Exit.Exit<any, any>) => Effect.Effect<void>

/** Takes each fiber that is forked into a marked scope, by whichever fiber. */
export interface Adopter {
  readonly adopt: (fiber: Fiber.Fiber<unknown, unknown>) => void
}

/** The finalizers of a marked scope. A key that is a fiber was forked into the scope or put there. */
class Finalizers extends Map<{}, Finalizer> {
  readonly adopter: Adopter

  constructor(adopter: Adopter) {
    super()
    this.adopter = adopter
    // A scope throws away an empty map.
    super.set(this, () => Effect.void)
  }

  override set(key: {}, finalizer: Finalizer): this {
    if (Fiber.isFiber(key)) this.adopter.adopt(key)
    return super.set(key, finalizer)
  }
}

/** Marks a new scope as one of a domain's layer. */
export const mark = (scope: Scope.Scope, adopter: Adopter): void => {
  if (scope.state._tag !== "Empty") return
  scope.state = {
    _tag: "Open",
    finalizerKey: undefined,
    finalizer: undefined,
    finalizers: new Finalizers(adopter)
  }
}

/** Who takes the fibers of a scope, if it is marked. */
export const adopterOf = (scope: Scope.Scope | undefined): Adopter | undefined => {
  if (scope?.state._tag !== "Open") return undefined
  const { finalizers } = scope.state
  return finalizers instanceof Finalizers ? finalizers.adopter : undefined
}

/** Whether a fiber is kept by a scope. */
export const holds = ({ state }: Scope.Scope, fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  state._tag === "Open" && (state.finalizerKey === fiber || state.finalizers?.has(fiber) === true)
