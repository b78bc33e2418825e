import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const separate = new WeakSet<object>()

/** The same layer, marked so that several domains may build it without a warning. */
export const make = <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> => {
  const marked = Layer.fromBuildMemo((memoMap, scope) =>
    Effect.map(Layer.buildWithMemoMap(layer, memoMap, scope), Context.omit(Layer.CurrentMemoMap))
  ) as Layer.Layer<A, E, R>
  separate.add(marked)
  return marked
}

/** Whether a layer was marked. */
export const isSeparate = (layer: object): boolean => separate.has(layer)
