/**
 * The domain `thundercrown`: restarts domains that have become slow, by rules. Use it where nobody watches; without further
 * options it only says what it would do.
 *
 * @example
 * ```ts
 * import { Thunderline } from "thunderline"
 * import { CerebrosDomain, Thunderbolt, Thundercrown, Thunderflow, Thundergate } from "thunderline/domains"
 *
 * const Main = Thunderline.layer({ domains: [Thunderflow, Thundergate, Thunderbolt, CerebrosDomain, Thundercrown] })
 * ```
 */
import * as Domain from "../../model/Domain.ts"
import { CerebrosDomain } from "../cerebros/CerebrosDomain.ts"
import { Thundergate } from "../thundergate/Thundergate.ts"
import * as Policy from "./Policy.ts"

/** The domain with its policy set as wanted; {@link Thundercrown} is the one that only tells what it would do. */
export const make = (options?: Policy.Options) =>
  Domain.make("thundercrown", {
    dependsOn: [CerebrosDomain, Thundergate],
    layer: Policy.layerWith(options ?? {}),
    onTick: (tick) => Policy.Policy.use((policy) => policy.evaluate(tick.count))
  })

/**
 * The policy over all domains, as a dry run.
 *
 * Cool-downs belong to a generation: a restart of something this domain depends on begins them anew, as it does what
 * Cerebros has learned, without which nothing is found slow.
 */
export const Thundercrown = make()
