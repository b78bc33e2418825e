import { Context, Layer, Schedule } from "effect"
import * as Domain from "../../src/model/Domain.ts"

export const restart = Domain.restartPolicy({ schedule: Schedule.spaced("1 second"), limit: 5, within: "1 minute" })

export class Store extends Context.Service<Store, { readonly generation: number }>()("test/Store") {}

/** a <- b <- c, and x on its own. */
export const chain = () => {
  let generation = 0
  const a = Domain.make("a", { layer: Layer.sync(Store, () => ({ generation: ++generation })), restart })
  const b = Domain.make("b", { dependsOn: [a], layer: Layer.empty, restart })
  const c = Domain.make("c", { dependsOn: [b], layer: Layer.empty, restart })
  const x = Domain.make("x", { layer: Layer.empty, restart })
  return { a, b, c, x, domains: [a, b, c, x] }
}
