import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

type AnyFiber = Fiber.Fiber<unknown, unknown>
type Observer = (exit: Exit.Exit<unknown, unknown>) => void

/**
 * What is read of a fiber and is not in its interface: nothing public tells who waits for a fiber, or whether it was asked
 * to stop. A canary test tells when Effect changes one of these.
 */
const fields = ["_observers", "_interruptedCause", "_exit"]

/** Whether a fiber has the fields that are read here. Without them its failure can be logged, but blamed on nobody. */
export const isReadable = (fiber: AnyFiber): boolean => fields.every((field) => field in fiber)

const nobody: ReadonlyArray<Observer> = []

/** The list of a fiber's observers, which changes while the fiber runs and is kept by the fiber until it ends. */
export const observers = (fiber: AnyFiber): ReadonlyArray<Observer> =>
  "_observers" in fiber && Array.isArray(fiber._observers) ? fiber._observers : nobody

/** An observer that does not take the exit looks at no failure: a scope's, for example. */
export const takesExit = (observer: Observer): boolean => observer.length > 0

/** Whether somebody has asked the fiber to stop. A fiber that ends by interruption otherwise did it by itself. */
export const askedToStop = (fiber: AnyFiber): boolean =>
  !("_interruptedCause" in fiber) || fiber._interruptedCause !== undefined

/**
 * Calls `looked` as soon as something takes the exit of a fiber that has ended, and gives what ends the wait.
 *
 * What forks a fiber that ends at its first step, and what puts it into a scope, test its exit once each, within the same
 * step of the forking fiber. These are no looks, nor is the next observer if it is a set's.
 */
export const onLook = (
  fiber: AnyFiber,
  exit: Exit.Exit<unknown, unknown>,
  setFollows: boolean,
  looked: () => void
): () => void => {
  const forker = Fiber.getCurrent()
  const step = forker?.currentOpCount
  let sameTurn = true
  queueMicrotask(() => {
    sameTurn = false
  })
  let ignoresObserver = setFollows
  let tests = 0
  const restore = () => {
    Object.defineProperty(fiber, "_exit", { configurable: true, enumerable: true, value: exit, writable: true })
    Reflect.deleteProperty(fiber, "pollUnsafe")
    Reflect.deleteProperty(fiber, "addObserver")
  }
  const look = () => {
    restore()
    looked()
  }
  const read = () => {
    const reader = Fiber.getCurrent()
    const sameStep = sameTurn && reader === forker && reader?.currentOpCount === step
    if (!sameStep || ++tests > 2) look()
  }
  const define = (name: string, value: unknown) => Object.defineProperty(fiber, name, { configurable: true, value })
  Object.defineProperty(fiber, "_exit", {
    configurable: true,
    enumerable: true,
    get: () => {
      read()
      return exit
    }
  })
  define("pollUnsafe", () => {
    look()
    return exit
  })
  define("addObserver", (observer: Observer) => {
    if (!ignoresObserver && takesExit(observer)) look()
    ignoresObserver = false
    observer(exit)
    return () => {}
  })
  return restore
}
