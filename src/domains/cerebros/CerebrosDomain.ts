import * as Domain from "../../model/Domain.ts"
import { Thunderbolt } from "../thunderbolt/Thunderbolt.ts"
import { Thunderflow } from "../thunderflow/Thunderflow.ts"
import * as Cerebros from "./Cerebros.ts"

/** The domain `cerebros`: learns how long each domain normally takes for a tick, and tells who has become slow. */
export const CerebrosDomain = Domain.make("cerebros", {
  dependsOn: [Thunderflow, Thunderbolt],
  layer: Cerebros.layer,
  workers: { listen: Cerebros.listen },
  onTick: (tick) => Cerebros.Cerebros.use((cerebros) => cerebros.evaluate(tick.count))
})
