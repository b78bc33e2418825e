/** A thousand domains, and one after them all that says when it is active: milliseconds of processor time until then. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Domain from "../src/model/Domain.ts"

const thousand = Array.from({ length: 1_000 }, (_, n) => Domain.make(`d${n}`, { layer: Layer.empty }))

const last = Domain.make("last", {
  after: thousand,
  layer: Layer.empty,
  onActivate: () =>
    Effect.sync(() => {
      const { system, user } = process.cpuUsage()
      process.stderr.write(`{"active":${(system + user) / 1_000}}\n`)
    })
})

export const domains = [...thousand, last]
