import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

/** How a memo map builds a layer or gives what it has built; whatever the layer provides. */
export type Memoize = (
  this: Layer.MemoMap,
  layer: Layer.Layer<any, any, any>,
  scope: Scope.Scope,
  build: (memoMap: Layer.MemoMap, scope: Scope.Scope) => Effect.Effect<Context.Context<any>, any, any>
) => Effect.Effect<Context.Context<any>, any, any>

/** Changes how a memo map that is still empty builds layers, and the parts of layers. */
export const change = (memoMap: Layer.MemoMap, by: (memoize: Memoize) => Memoize): Layer.MemoMap =>
  Object.assign(memoMap, { getOrElseMemoize: by(memoMap.getOrElseMemoize as Memoize) })

/** The same memo map, with another way to build what it is given to. */
export const derive = (memoMap: Layer.MemoMap, memoize: Memoize): Layer.MemoMap =>
  Object.assign(Object.create(memoMap) as Layer.MemoMap, { getOrElseMemoize: memoize })
