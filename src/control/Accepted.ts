import * as Schema from "effect/Schema"
import { Move } from "../model/DomainControl.ts"
import { StatusName } from "../model/DomainStatus.ts"

/** A move that was accepted; the domain may still be on its way. */
export const Accepted = Schema.Struct({ domain: Schema.String, move: Move, status: StatusName })
export interface Accepted extends Schema.Schema.Type<typeof Accepted> {}
