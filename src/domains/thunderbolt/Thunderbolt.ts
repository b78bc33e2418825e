import * as Domain from "../../model/Domain.ts"
import { Thunderflow } from "../thunderflow/Thunderflow.ts"
import * as Lanes from "./Lanes.ts"

/** Work in lanes: bounded, with deadlines and retries; each tick moves spare places to where jobs wait. */
export const Thunderbolt = Domain.make("thunderbolt", {
  dependsOn: [Thunderflow],
  layer: Lanes.layer,
  workers: { drain: { effect: Lanes.drain, permanent: true } },
  onTick: (tick) => Lanes.Lanes.use((lanes) => lanes.rebalance(tick.count))
})
