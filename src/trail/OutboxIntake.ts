import * as Context from "effect/Context"
import type { DomainEvent } from "../model/DomainEvent.ts"
import type { Receipt } from "./Receipt.ts"

/** The entrance of the outbox, for the registry and the supervisor; everybody else asks `Outbox`. */
export class OutboxIntake extends Context.Service<OutboxIntake, {
  /** Accepts transitions; never waits. */
  readonly offer: (events: ReadonlyArray<DomainEvent>) => void
  /** Begins to follow what becomes of the transitions that are accepted from now on. */
  readonly follow: () => Receipt
}>()("thunderline/OutboxIntake") {}
