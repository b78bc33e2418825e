/**
 * The domain `thundercrown`: restarts domains that have become slow, by rules. Use it for programs that
 * nobody watches. Without further options it only reports what it would do.
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

/** The domain with options for its policy; {@link Thundercrown} is a dry run. */
export const make = (options?: Policy.Options) =>
  Domain.make("thundercrown", {
    dependsOn: [CerebrosDomain, Thundergate],
    layer: Policy.layerWith(options ?? {}),
    onTick: (tick) => Policy.Policy.use((policy) => policy.evaluate(tick.count))
  })

/**
 * The policy over all domains, as a dry run.
 *
 * Cool-downs belong to a generation: a restart of a domain that this one depends on ends them. The same restart clears what
 * Cerebros has learned, so no domain counts as slow right after it.
 */
export const Thundercrown = make()
