import * as Domain from "../Domain.ts"
import * as Grid from "./Grid.ts"
import { Thunderflow } from "./Thunderflow.ts"

/** Which node owns which zone, re-balanced as nodes come and go. */
export const Thundergrid = Domain.make("thundergrid", {
  dependsOn: [Thunderflow],
  layer: Grid.layer
})
