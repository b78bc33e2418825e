import * as Domain from "../../model/Domain.ts"
import { Thunderflow } from "../thunderflow/Thunderflow.ts"
import * as Grid from "./Grid.ts"

/** Which node owns which zone, re-balanced as nodes come and go. */
export const Thundergrid = Domain.make("thundergrid", {
  dependsOn: [Thunderflow],
  layer: Grid.layer
})
