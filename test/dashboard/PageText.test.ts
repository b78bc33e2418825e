import { assert, describe, it } from "@effect/vitest"
import * as PageText from "../../dashboard/src/PageText.ts"
import { at, domain } from "../support/domains.ts"

const restarting = domain("thunderbolt", {
  status: "restarting",
  cause: "Error: the lane broke",
  restart: { attempt: 2, delayMs: 4000, at: at(4000) }
})

describe("what the page says", () => {
  it("tells the whole program in one sentence, with the states by their names", () => {
    const waiting = domain("cart", { status: "waiting" })
    assert.strictEqual(PageText.headline([], 3), "No domains are known yet.")
    assert.strictEqual(PageText.headline([domain("a"), domain("b")], 3), "All 2 domains are active.")
    assert.strictEqual(PageText.headline([waiting, waiting], 0), "2 domains wait for the first tick.")
    assert.strictEqual(
      PageText.headline([domain("a"), restarting, waiting, waiting], 3),
      "1 of 4 domains active: 1 restarting and 2 waiting."
    )
    const statuses = ["activating", "deactivating", "inactive", "crashed"] as const
    assert.strictEqual(
      PageText.headline(statuses.map((status) => domain(status, { status })), 3),
      "0 of 4 domains active: 1 crashed, 1 activating, 1 deactivating and 1 inactive."
    )
  })

  it("counts domains by state", () => {
    assert.deepStrictEqual(PageText.countStates([restarting, domain("a"), domain("b")]), ["2 active", "1 restarting"])
  })

  it("puts what crashed for good before what restarts, each with all that waits because of it", () => {
    const dead = domain("gate", { status: "crashed" })
    const cart = domain("cart", { status: "waiting", dependsOn: ["thunderbolt"] })
    const till = domain("till", { status: "waiting", dependsOn: ["cart"], after: ["gate"] })
    assert.deepStrictEqual(
      PageText.troubles([restarting, cart, till, dead, domain("lamp")]).map(({ domain, held }) => [domain.name, held]),
      [["gate", ["till"]], ["thunderbolt", ["cart", "till"]]]
    )
  })

  it("names all that leave active with a domain, and not what only activates after it", () => {
    const cart = domain("cart", { dependsOn: ["store"] })
    const till = domain("till", { dependsOn: ["cart"] })
    const lamp = domain("lamp", { after: ["store"] })
    assert.deepStrictEqual(PageText.dependants("store", [till, lamp, domain("store"), cart]), ["till", "cart"])
  })

  it("offers the operations that a state allows", () => {
    assert.deepStrictEqual(PageText.operations("inactive"), ["activate"])
    assert.deepStrictEqual(PageText.operations("crashed"), ["restart", "deactivate"])
    assert.deepStrictEqual(PageText.operations("waiting"), ["deactivate"])
  })
})
