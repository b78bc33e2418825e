/**
 * The domain `thunderbolt`: work in bounded lanes. Use it as a dependency of domains that hand work over and must not be
 * slowed down by it. Its queues are in memory: do not use it for work that must survive a crash of the process.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { Domain } from "thunderline"
 * import { Lanes, Thunderbolt } from "thunderline/domains"
 *
 * const reports = Domain.make("reports", {
 *   dependsOn: [Thunderbolt],
 *   layer: Layer.empty,
 *   onTick: () => Lanes.Lanes.use((lanes) => lanes.submit("background", "report", Effect.sleep("1 second")))
 * })
 * ```
 */
import * as Domain from "../../model/Domain.ts"
import { Thunderflow } from "../thunderflow/Thunderflow.ts"
import * as Lanes from "./Lanes.ts"

/** Work in lanes: bounded, with deadlines and retries. Each tick moves spare places to lanes in which jobs wait. */
export const Thunderbolt = Domain.make("thunderbolt", {
  dependsOn: [Thunderflow],
  layer: Lanes.layer,
  workers: { drain: { effect: Lanes.drain, permanent: true } },
  onTick: (tick) => Lanes.Lanes.use((lanes) => lanes.rebalance(tick.count))
})
