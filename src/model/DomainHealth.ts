/**
 * How an active domain answers its ticks. Use it to read `DomainView.health`. Whether the whole application is ready is
 * `Health`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { type DomainHealth, DomainRegistry } from "thunderline"
 *
 * const quiet = Effect.gen(function*() {
 *   const registry = yield* DomainRegistry.DomainRegistry
 *   const isQuiet = (health: DomainHealth.DomainHealth | null) => health === "suspect" || health === "silent"
 *   return (yield* registry.snapshot).filter(({ health }) => isQuiet(health)).map(({ name }) => name)
 * })
 * ```
 */
import * as Schema from "effect/Schema"

/**
 * How an active domain with an `onTick` keeps up: `suspect` has one tick unanswered, `silent` all that `maxMissedTicks`
 * allows.
 */
export const DomainHealth = Schema.Literals(["healthy", "suspect", "silent"])
export type DomainHealth = typeof DomainHealth.Type
