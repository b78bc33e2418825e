/**
 * The domain `thundergrid`: which node owns which zone. Use it to split work among nodes by a key, if all of them know
 * the same names.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Domain } from "thunderline"
 * import { Grid, Thunderflow, Thundergrid } from "thunderline/domains"
 *
 * const orders = Domain.make("orders", {
 *   dependsOn: [Thunderflow, Thundergrid],
 *   layer: Layer.effectDiscard(Grid.Grid.use((grid) => grid.claim("orders/eu")))
 * })
 * ```
 */
import * as Domain from "../../model/Domain.ts"
import { Thunderflow } from "../thunderflow/Thunderflow.ts"
import * as Grid from "./Grid.ts"

/** Which node owns which zone. Zones get new owners when nodes join or leave. */
export const Thundergrid = Domain.make("thundergrid", {
  dependsOn: [Thunderflow],
  layer: Grid.layer
})
