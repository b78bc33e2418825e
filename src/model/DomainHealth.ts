import * as Schema from "effect/Schema"

/**
 * How an active domain with an `onTick` keeps up: `suspect` has one tick unanswered, `silent` all that `maxMissedTicks`
 * allows.
 */
export const DomainHealth = Schema.Literals(["healthy", "suspect", "silent"])
export type DomainHealth = typeof DomainHealth.Type
