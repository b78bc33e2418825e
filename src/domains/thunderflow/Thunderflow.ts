import * as Layer from "effect/Layer"
import * as Domain from "../../model/Domain.ts"
import * as Blackboard from "./Blackboard.ts"
import * as EventBuffer from "./EventBuffer.ts"

/** The flow of what happens and what is known: system events in a bounded buffer, and facts with a time-to-live. */
export const Thunderflow = Domain.make("thunderflow", {
  layer: Layer.mergeAll(EventBuffer.layer, Blackboard.layer),
  workers: { feed: EventBuffer.feed },
  onTick: (tick) => Blackboard.Blackboard.use((blackboard) => blackboard.expire(tick.count))
})
