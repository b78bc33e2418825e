import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { attempt } from "../model/ForeignValue.ts"

/**
 * Something besides ticks and dependencies that must hold before a domain's gate opens, such as the domain's placement
 * on this member of a cluster.
 */
export interface GateCondition {
  /** What `blockedBy` names while the condition does not hold, such as `placement`. */
  readonly name: string
  /** Whether it holds for a domain now. It must be quick; while it throws it does not hold. */
  readonly holds: (domain: string) => boolean
  /** Calls the listener with the name of each domain for which it may have changed, until the scope closes. */
  readonly listen: (changed: (domain: string) => void) => Effect.Effect<void, never, Scope.Scope>
}

/** Whether a condition holds for a domain now. */
export const holds = (condition: GateCondition, domain: string): boolean =>
  attempt(() => condition.holds(domain), false)

/** The conditions on every domain's gate (default: none). */
export const GateConditions = Context.Reference<ReadonlyArray<GateCondition>>("thunderline/GateConditions", {
  defaultValue: () => []
})
