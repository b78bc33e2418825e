import { describe, expect, it } from "@effect/vitest"
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
    expect(PageText.headline([], 3)).toBe("No domains are known yet.")
    expect(PageText.headline([domain("a"), domain("b")], 3)).toBe("All 2 domains are active.")
    expect(PageText.headline([waiting, waiting], 0)).toBe("2 domains wait for the first tick.")
    expect(PageText.headline([domain("a"), restarting, waiting, waiting], 3)).toBe(
      "1 of 4 domains active: 1 restarting and 2 waiting."
    )
    const statuses = ["activating", "deactivating", "inactive", "crashed"] as const
    expect(PageText.headline(statuses.map((status) => domain(status, { status })), 3)).toBe(
      "0 of 4 domains active: 1 crashed, 1 activating, 1 deactivating and 1 inactive."
    )
  })

  it("counts domains by state", () => {
    expect(PageText.countStates([restarting, domain("a"), domain("b")])).toEqual(["2 active", "1 restarting"])
  })

  it("puts what crashed for good before what restarts, each with all that waits because of it", () => {
    const dead = domain("gate", { status: "crashed" })
    const cart = domain("cart", { status: "waiting", dependsOn: ["thunderbolt"] })
    const till = domain("till", { status: "waiting", dependsOn: ["cart"], after: ["gate"] })
    expect(
      PageText.troubles([restarting, cart, till, dead, domain("lamp")]).map(({ domain, held }) => [domain.name, held])
    )
      .toEqual([["gate", ["till"]], ["thunderbolt", ["cart", "till"]]])
  })

  it("names all that leave active with a domain, and not what only activates after it", () => {
    const cart = domain("cart", { dependsOn: ["store"] })
    const till = domain("till", { dependsOn: ["cart"] })
    const lamp = domain("lamp", { after: ["store"] })
    expect(PageText.dependants("store", [till, lamp, domain("store"), cart])).toEqual(["till", "cart"])
  })

  it("offers the operations that a state allows", () => {
    expect(PageText.operations("inactive")).toEqual(["activate"])
    expect(PageText.operations("crashed")).toEqual(["restart", "deactivate"])
    expect(PageText.operations("waiting")).toEqual(["deactivate"])
  })
})
