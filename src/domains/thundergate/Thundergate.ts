/**
 * The domain `thundergate`: who may do what, and how often. Use it in an application with a control plane. While it is
 * active, the control plane asks it instead of its own rule.
 *
 * @example
 * ```ts
 * import { Thunderline } from "thunderline"
 * import { Thundergate } from "thunderline/domains"
 *
 * const Main = Thunderline.layer({ domains: [Thundergate] })
 * ```
 */
import * as Domain from "../../model/Domain.ts"
import * as Gate from "./Gate.ts"

/** The gate in front of the control API: who may do what, and how often. */
export const Thundergate = Domain.make("thundergate", { layer: Gate.layer })
