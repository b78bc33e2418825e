import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Tick } from "../model/Tick.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { safely, SystemPublisher } from "./SystemPublisher.ts"
import { Transitions } from "./Transitions.ts"

/** The only way by which a tick gets into the application, wherever it was sent. */
export class TickIngress extends Context.Service<TickIngress, {
  /**
   * Takes a tick that is newer than every one before: the registry knows it first, then the listeners, then the bus.
   * `false` when it is not newer; it is counted and goes nowhere.
   */
  readonly accept: (tick: Tick) => Effect.Effect<boolean>
  /** Calls the listener with each accepted tick, in place, until the scope closes. It must not throw. */
  readonly listen: (listener: (tick: Tick) => void) => Effect.Effect<void, never, Scope.Scope>
}>()("thunderline/TickGenerator/TickIngress") {}

/** Whether a tick comes after another: its count is larger, and its epoch not smaller. */
export const isNewer = (tick: Tick, than: Tick | undefined): boolean =>
  than === undefined || (tick.count > than.count && tick.epoch >= than.epoch)

const make = Effect.gen(function*() {
  const transitions = yield* Transitions
  const publish = safely(yield* SystemPublisher)
  const context = yield* Effect.context<never>()
  const refused = Telemetry.counter("thunderline.ticks.refused")
  Telemetry.update(refused, 0, context)
  const listeners = new Set<(tick: Tick) => void>()
  return TickIngress.of({
    accept: (tick) =>
      Effect.suspend(() => {
        if (!isNewer(tick, transitions.currentTick())) {
          Telemetry.update(refused, 1, context)
          return Effect.succeed(false)
        }
        transitions.ticked(tick)
        for (const listener of listeners) listener(tick)
        return Effect.as(publish("system:domain_tick", tick), true)
      }),
    listen: (listener) =>
      Effect.acquireRelease(
        Effect.sync(() => void listeners.add(listener)),
        () => Effect.sync(() => listeners.delete(listener))
      )
  })
})

/** The ingress, before any tick. */
export const layer: Layer.Layer<TickIngress, never, Transitions | SystemPublisher> = Layer.effect(TickIngress, make)
