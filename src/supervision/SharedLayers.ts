import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Domain from "../model/Domain.ts"
import * as SeparateLayer from "../model/SeparateLayer.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import * as DomainLog from "./DomainLog.ts"
import * as LayerMemo from "./LayerMemo.ts"

/** A layer that a domain has built, and what it builds itself while it is built. */
interface Built {
  /** The first domain that built it. */
  readonly domain: string
  /** Whether it was told that another one builds it too. */
  told: boolean
}

/** The layers that the domains of an application have built; of a composed layer also its parts. */
const BuiltLayers = Context.Reference<WeakMap<object, Built> | undefined>("thunderline/SharedLayers", {
  defaultValue: () => undefined
})

/** A context in which the domains of one application are told what they build more than once. */
export const install = (context: Context.Context<never>): Context.Context<never> =>
  Context.add(context, BuiltLayers, new WeakMap())

/** A layer that is being built by a second domain. */
interface Again {
  readonly built: Built
  /** Whether it is made of other layers: those are told, not it. */
  composed: boolean
}

/** Part of every platform's basic services, and holds nothing until it is read from. */
const terminal = "effect/Terminal"

const finalizersOf = ({ state }: Scope.Scope): number => state._tag === "Open" ? state.finalizers?.size ?? 1 : 0

const tell = (domain: Domain.Any, { domain: first }: Built, services: Context.Context<never>) => {
  const names = Array.from(services.mapUnsafe.keys()).join(", ")
  return Effect.logWarning(
    `${DomainLog.label({ domain })} Builds a layer again that domain ${first} has built` +
      `${names === "" ? "" : ` (${names})`}: each has its own instance. To share one, make it a domain and depend on ` +
      `it, or provide it around Thunderline.layer; to keep both, use Domain.separate`
  ).pipe(Telemetry.event("thunderline.layer.built_again", { first }))
}

/** Builds a layer that another domain has built, and tells it unless its instance holds nothing. */
const buildAgain = <A, E, R>(
  again: Again,
  domain: Domain.Any,
  layers: WeakMap<object, Built>,
  scope: Scope.Scope,
  build: Effect.Effect<Context.Context<A>, E, R>
): Effect.Effect<Context.Context<A>, E, R> =>
  Effect.suspend(() => {
    const before = finalizersOf(scope)
    let suspended = false
    queueMicrotask(() => (suspended = true))
    return Effect.tap(build, (services) => {
      const { built, composed } = again
      // What an unwrapped layer gives is another value each time.
      for (const part of services.mapUnsafe.values()) if (Layer.isLayer(part)) layers.set(part, built)
      const holds = (suspended || finalizersOf(scope) > before) && !services.mapUnsafe.has(terminal)
      if (composed || built.told || !holds) return Effect.void
      built.told = true
      return tell(domain, built, services as Context.Context<never>)
    })
  })

/**
 * Changes a memo map so that it tells when a domain builds the same layer value as another domain did before. It tells it
 * once for each layer, if the instance holds anything: building it suspends, or leaves a finalizer or a fiber in its scope.
 */
export const watch = (
  memoMap: Layer.MemoMap,
  domain: Domain.Any,
  environment: Context.Context<never>
): Layer.MemoMap => {
  const layers = Context.get(environment, BuiltLayers)
  if (layers === undefined) return memoMap
  return LayerMemo.change(memoMap, (memoize) => {
    const within = (parent: Again | undefined): LayerMemo.Memoize => (layer, scope, build) => {
      if (parent !== undefined) parent.composed = true
      if (SeparateLayer.isSeparate(layer)) {
        return memoize.call(LayerMemo.derive(memoMap, memoize), layer, scope, build)
      }
      let built = layers.get(layer)
      if (built === undefined) {
        built = parent?.built ?? { domain: domain.name, told: false }
        layers.set(layer, built)
      }
      if (built.domain === domain.name) return memoize.call(memoMap, layer, scope, build)
      const again: Again = { built, composed: false }
      const parts = LayerMemo.derive(memoMap, within(again))
      return memoize.call(
        memoMap,
        layer,
        scope,
        (_, scope) => buildAgain(again, domain, layers, scope, build(parts, scope))
      )
    }
    return within(undefined)
  })
}
