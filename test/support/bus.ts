import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { SystemPublisher } from "../../src/heartbeat/SystemPublisher.ts"
import { layerWith, SystemPubSub } from "../../src/heartbeat/SystemPubSub.ts"
import { TickIngress } from "../../src/heartbeat/TickIngress.ts"
import type { Tick } from "../../src/model/Tick.ts"

/** The bus with both of its sides. */
export const bus = Effect.gen(function*() {
  return { ...(yield* SystemPubSub), ...(yield* SystemPublisher) }
})

/** A bus of its own, with room for `capacity` messages per topic. */
export const makeBus = (options: { readonly capacity: number }) =>
  Effect.flatMap(Layer.build(layerWith(options)), (context) => Effect.provide(bus, context))

/** The publishing side of a running application's bus. */
export const publisher = Effect.map(Effect.serviceOption(SystemPublisher), Option.getOrThrow)

/** Sends a tick into a running application, as another member's heartbeat would; `false` when it is refused. */
export const accept = (tick: Tick): Effect.Effect<boolean> =>
  Effect.flatMap(Effect.serviceOption(TickIngress), (ingress) => Option.getOrThrow(ingress).accept(tick))
