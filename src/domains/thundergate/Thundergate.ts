import * as Domain from "../../model/Domain.ts"
import * as Gate from "./Gate.ts"

/** The gate in front of the control API: who may do what, and how often. */
export const Thundergate = Domain.make("thundergate", { layer: Gate.layer })
