/**
 * The domain `thunderflow`: events in the `EventBuffer`, facts on the `Blackboard`. Use it as a dependency of
 * domains that share events or facts. Within one domain an ordinary service is enough.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Domain, Thunderline } from "thunderline"
 * import { Blackboard, Thunderflow } from "thunderline/domains"
 *
 * const weather = Domain.make("weather", {
 *   dependsOn: [Thunderflow],
 *   layer: Layer.empty,
 *   onTick: () => Blackboard.Blackboard.use((board) => board.post("sky", "clear", { ttl: 10 }))
 * })
 * const Main = Thunderline.layer({ domains: [Thunderflow, weather] })
 * ```
 */
import * as Layer from "effect/Layer"
import * as Domain from "../../model/Domain.ts"
import * as Blackboard from "./Blackboard.ts"
import * as EventBuffer from "./EventBuffer.ts"

/** System events in a bounded buffer, and facts with a time-to-live. */
export const Thunderflow = Domain.make("thunderflow", {
  layer: Layer.mergeAll(EventBuffer.layer, Blackboard.layer),
  workers: { feed: EventBuffer.feed },
  onTick: (tick) => Blackboard.Blackboard.use((blackboard) => blackboard.expire(tick.count))
})
