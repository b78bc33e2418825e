import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { columns, picture } from "../../dashboard/src/Layers.ts"
import { acyclic, type Planned } from "../support/arbitraries.ts"
import { domain } from "../support/domains.ts"

const told = (plan: ReadonlyArray<Planned>) =>
  plan.map(({ after, dependsOn, name }) =>
    domain(name, { dependsOn: dependsOn.map((i) => `d${i}`), after: after.map((i) => `d${i}`) })
  ).toSorted((a, b) => a.name < b.name ? 1 : -1)

describe("the picture of the graph", () => {
  it.effect.prop("puts every domain behind all that it waits for", { plan: acyclic }, ({ plan }) =>
    Effect.sync(() => {
      const domains = told(plan)
      const depth = new Map(columns(domains).flatMap((column, i) => column.map(({ name }) => [name, i] as const)))
      assert.strictEqual(depth.size, domains.length)
      for (const { after, dependsOn, name } of domains) {
        for (const other of [...dependsOn, ...after]) assert.isBelow(depth.get(other)!, depth.get(name)!)
      }
    }))

  it.effect.prop(
    "never draws one domain over another, nor a line through one",
    { plan: acyclic },
    ({ plan }) =>
      Effect.sync(() => {
        const domains = told(plan)
        const { lanes, places, rows } = picture(domains)
        assert.strictEqual(places.length, domains.length)
        for (const a of places) {
          assert.isAtLeast(a.row, -0.5)
          assert.isAtMost(a.row, rows - 0.5)
          for (const b of places) {
            if (a !== b && a.column === b.column) assert.isAtLeast(Math.abs(a.row - b.row), 1)
          }
          for (const [i, row] of lanes.get(a.domain.name)!.entries()) {
            for (const b of places) {
              if (b.column === a.column + 1 + i) assert.isAtLeast(Math.abs(b.row - row), 0.75)
            }
          }
        }
      })
  )

  it("lays out a chain of 1,000", () => {
    const chain = Array.from({ length: 1000 }, (_, i) => domain(`d${i}`, { dependsOn: i === 0 ? [] : [`d${i - 1}`] }))
    assert.strictEqual(columns(chain.toReversed()).length, 1000)
  })
})
