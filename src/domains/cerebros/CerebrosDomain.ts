/**
 * The domain `cerebros`: finds domains that have become slow. Use it with `thunderflow` and `thunderbolt`, which it depends
 * on; domains without `onTick` are not judged.
 *
 * @example
 * ```ts
 * import { Thunderline } from "thunderline"
 * import { CerebrosDomain, Thunderbolt, Thunderflow } from "thunderline/domains"
 *
 * const Main = Thunderline.layer({ domains: [Thunderflow, Thunderbolt, CerebrosDomain] })
 * ```
 */
import * as Domain from "../../model/Domain.ts"
import { Thunderbolt } from "../thunderbolt/Thunderbolt.ts"
import { Thunderflow } from "../thunderflow/Thunderflow.ts"
import * as Cerebros from "./Cerebros.ts"

/** The domain `cerebros`: learns how long each domain normally takes for a tick, and reports domains that became slow. */
export const CerebrosDomain = Domain.make("cerebros", {
  dependsOn: [Thunderflow, Thunderbolt],
  layer: Cerebros.layer,
  workers: { listen: Cerebros.listen },
  onTick: (tick) => Cerebros.Cerebros.use((cerebros) => cerebros.evaluate(tick.count))
})
