import * as Schema from "effect/Schema"
import { Operation } from "../model/DomainControl.ts"
import { StatusName } from "../model/DomainStatus.ts"

/** An operation that was accepted; the domain may still be on its way. */
export const Accepted = Schema.Struct({ domain: Schema.String, operation: Operation, status: StatusName })
export interface Accepted extends Schema.Schema.Type<typeof Accepted> {}
