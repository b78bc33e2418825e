/**
 * An application as `thunderline start` takes it. Make it with `Thunderline.app`, which checks that nothing is lacking;
 * in a program of your own use `Thunderline.layer`.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Domain, Thunderline } from "thunderline"
 *
 * export default Thunderline.app({ domains: [Domain.make("cache", { layer: Layer.empty })] })
 * ```
 */
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Domain from "./Domain.ts"

const TypeId = "~thunderline/App"

/** An application as `thunderline start` takes it: domains, and a layer with what they need from outside. */
export interface App {
  readonly [TypeId]: typeof TypeId
  readonly domains: ReadonlyArray<Domain.Any>
  readonly layer: Layer.Layer<never, unknown>
}

/** Makes an application without looking at its types; `Thunderline.app` checks them. */
export const make = (domains: ReadonlyArray<Domain.Any>, layer?: Layer.Layer<never, unknown>): App => ({
  [TypeId]: TypeId,
  domains,
  layer: layer ?? Layer.empty
})

/** Tells an application from anything else, for example from what a module exports. */
export const isApp = (u: unknown): u is App => Predicate.hasProperty(u, TypeId)
