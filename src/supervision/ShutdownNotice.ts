import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Knows whether the program has begun to shut down, before the first domain is deactivated. Internal. */
export class ShutdownNotice extends Context.Service<ShutdownNotice, {
  readonly isGiven: () => boolean
  readonly give: Effect.Effect<void>
}>()("thunderline/ShutdownNotice") {}

export const layer: Layer.Layer<ShutdownNotice> = Layer.sync(ShutdownNotice, () => {
  let given = false
  return {
    isGiven: () => given,
    give: Effect.sync(() => {
      given = true
    })
  }
})
