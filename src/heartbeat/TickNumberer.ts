import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** What names a tick: its count, and the term of the ticker that sends it. */
export interface TickNumber {
  readonly epoch: number
  readonly count: number
}

/** Gives each tick its number; each count is larger than every one before it, and no epoch is smaller. */
export class TickNumberer extends Context.Service<TickNumberer, {
  readonly next: Effect.Effect<TickNumber>
}>()("thunderline/TickGenerator/TickNumberer") {}

/** Counts 1, 2, 3 … in epoch 1, for a program on its own. */
export const layerLocal: Layer.Layer<TickNumberer> = Layer.sync(TickNumberer, () => {
  let count = 0
  return { next: Effect.sync(() => ({ epoch: 1, count: ++count })) }
})
