import * as Layer from "effect/Layer"
import { Thunderbolt } from "../src/domains/Thunderbolt.ts"
import { Thunderflow } from "../src/domains/Thunderflow.ts"
import { Thundergate } from "../src/domains/Thundergate.ts"

/** The domains that come with Thunderline, in the shape of every app: what `start` runs when it is given none. */
export const domains = [Thunderflow, Thundergate, Thunderbolt]

/** They need nothing from outside. */
export const layer = Layer.empty
