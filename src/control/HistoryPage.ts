import * as Schema from "effect/Schema"
import { DomainEvent } from "../model/DomainEvent.ts"

/** A page of transitions; `next` is the `cursor` of the page behind it. */
export const HistoryPage = Schema.Struct({ events: Schema.Array(DomainEvent), next: Schema.NullOr(Schema.String) })
export interface HistoryPage extends Schema.Schema.Type<typeof HistoryPage> {}
