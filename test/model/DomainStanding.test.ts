import { assert, describe, it } from "@effect/vitest"
import * as DomainStanding from "../../src/model/DomainStanding.ts"
import { byName, domain } from "../support/domains.ts"

const { Wait } = DomainStanding

describe("what a waiting domain waits for", () => {
  const store = domain("store", { status: "crashed" })
  const cart = domain("cart", { status: "waiting", dependsOn: ["store"] })
  const till = domain("till", { status: "waiting", dependsOn: ["cart"], after: ["lamp", "cart"], activationTick: 3 })
  const around = (tick: number) => ({ byName: byName(store, cart, till, domain("lamp")), tick })

  it("is an operator, then its tick, then domains that are not active, then its turn", () => {
    const blocked = { ...till, blockedBy: ["store"] }
    assert.deepStrictEqual(DomainStanding.waitOf(blocked, around(1)), Wait.Blocked({ by: ["store"] }))
    assert.deepStrictEqual(DomainStanding.waitOf(till, around(2)), Wait.Tick({ tick: 3, domains: ["cart"] }))
    assert.deepStrictEqual(DomainStanding.waitOf(till, around(3)), Wait.Domains({ domains: ["cart"] }))
    assert.deepStrictEqual(DomainStanding.waitOf({ ...till, dependsOn: [], after: ["lamp"] }, around(3)), Wait.Turn())
  })

  it("begins with the domain at the end of the chain, a circle included", () => {
    assert.strictEqual(DomainStanding.rootOf(till, around(3).byName), "store")
    assert.strictEqual(DomainStanding.rootOf(store, around(3).byName), "store")
    const circle = [domain("a", { status: "waiting", after: ["b"] }), domain("b", { status: "waiting", after: ["a"] })]
    assert.include(["a", "b"], DomainStanding.rootOf(circle[0]!, byName(...circle)))
  })

  it("is shortened for a probe when it is many", () => {
    const many = Array.from({ length: 9 }, (_, i) => `d${i}`)
    const last = domain("last", { status: "waiting", dependsOn: many })
    assert.strictEqual(DomainStanding.brief(last, around(1)), "waits for d0, d1, d2 and 6 more")
    assert.strictEqual(
      DomainStanding.brief({ ...last, blockedBy: many }, around(1)),
      "is blocked by d0, d1, d2 and 6 more"
    )
  })
})
