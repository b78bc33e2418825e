import * as Schema from "effect/Schema"
import { Operation } from "../model/DomainControl.ts"
import { StatusName } from "../model/DomainStatus.ts"

/** An operation was accepted; `status` is the state of the domain at that moment. */
export const Accepted = Schema.Struct({ domain: Schema.String, operation: Operation, status: StatusName })
export interface Accepted extends Schema.Schema.Type<typeof Accepted> {}
