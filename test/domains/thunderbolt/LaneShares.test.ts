import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { allocate } from "../../../src/domains/thunderbolt/LaneShares.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const Shares = Schema.NonEmptyArray(Schema.Struct({ base: between(1, 8), demand: between(0, 40) }))

const sum = (ns: ReadonlyArray<number>) => ns.reduce((a, b) => a + b, 0)

describe("LaneShares", () => {
  it.prop(
    "shares out all places and no more, gives each lane its own first, and spares none while a job waits",
    { lanes: Shares },
    ({ lanes }) => {
      const limits = allocate(lanes)
      assert.strictEqual(sum(limits), sum(lanes.map(({ base }) => base)))
      lanes.forEach(({ base, demand }, i) => {
        assert.isAtLeast(limits[i]!, Math.max(1, Math.min(base, demand)))
      })
      const jobWaits = lanes.some(({ demand }, i) => demand > limits[i]!)
      const idlePlaces = lanes.filter(({ demand }, i) => limits[i]! > Math.max(1, demand))
      assert.isTrue(!jobWaits || idlePlaces.length === 0)
    }
  )

  it("gives every lane its own places back when nobody is loaded", () => {
    assert.deepStrictEqual(allocate([{ base: 4, demand: 0 }, { base: 2, demand: 1 }]), [4, 2])
  })

  it("lends the places of idle lanes to the one that jobs wait for", () => {
    assert.deepStrictEqual(allocate([{ base: 4, demand: 0 }, { base: 2, demand: 20 }, { base: 2, demand: 2 }]), [
      1,
      5,
      2
    ])
  })
})
