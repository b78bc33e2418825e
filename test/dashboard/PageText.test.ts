import { describe, expect, it } from "@effect/vitest"
import * as PageText from "../../dashboard/src/PageText.ts"
import type { DomainInfo } from "../../src/control/DomainInfo.ts"
import { at, byName, domain, event, now } from "../support/domains.ts"

const says = (of: DomainInfo, others: ReadonlyArray<DomainInfo> = [], time = 0, tick = 1) =>
  PageText.predicate(of, byName(of, ...others), tick, now(time))

const restarting = domain("thunderbolt", {
  status: "restarting",
  cause: "Error: the lane broke\n    at lane (lanes.ts:1:1)",
  restart: { attempt: 2, delayMs: 4000, at: at(4000) }
})

describe("what the page says", () => {
  it("names what a domain waits for, and when that comes back", () => {
    const cerebros = domain("cerebros", { status: "waiting", dependsOn: ["thunderflow", "thunderbolt"] })
    expect(says(cerebros, [domain("thunderflow"), restarting], 1000)).toBe(
      "waits for thunderbolt, which is restarting (attempt 2, next in 3 s)"
    )
  })

  it("names the domain that everything waits for, however far away", () => {
    const cerebros = domain("cerebros", { status: "waiting", dependsOn: ["thunderbolt"] })
    const crown = domain("thundercrown", { status: "waiting", dependsOn: ["cerebros"] })
    const last = domain("last", { status: "waiting", dependsOn: ["thundercrown"] })
    expect(says(last, [crown, cerebros, restarting], 3900)).toBe(
      "waits for thundercrown, because thunderbolt is restarting (attempt 2, next any moment)"
    )
  })

  it("tells a blocked domain from one that waits", () => {
    const store = domain("store", { status: "crashed", cause: "Error: no disk" })
    const cart = domain("cart", { status: "waiting", dependsOn: ["store"], blockedBy: ["store"] })
    expect(says(cart, [store])).toBe("is blocked: it waits for store, which crashed")
  })

  it("tells why a domain crashed in one line", () => {
    expect(says(restarting)).toBe("crashed and is restarting (attempt 2, next in 4 s): the lane broke")
    expect(says(domain("store", { status: "crashed", cause: "StoreFull: full\n  at x" }))).toBe(
      "crashed and has no restart left: StoreFull: full"
    )
  })

  it("names the tick that a domain waits for", () => {
    expect(says(domain("late", { status: "waiting", activationTick: 5 }))).toBe("waits for tick 5")
    expect(says(domain("first", { status: "waiting" }), [], 0, 0)).toBe("waits for the first tick")
  })

  it("tells the whole program in one sentence", () => {
    const waiting = domain("cart", { status: "waiting" })
    expect(PageText.headline([domain("a"), domain("b")], 3)).toBe("All 2 domains are active.")
    expect(PageText.headline([waiting, waiting], 0)).toBe("2 domains wait for the first tick.")
    expect(PageText.headline([domain("a"), restarting, waiting, waiting], 3)).toBe(
      "1 of 4 domains active: 1 restarting and 2 waiting."
    )
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

  it("tells a transition with its reason", () => {
    const told = (info: Parameters<typeof event>[1]) => PageText.happening(event(1, info))
    expect(told({ durationMs: 340 })).toBe("is active, after 340 ms of its own work")
    expect(told({ to: "activating", reason: "tick", tick: 3 })).toBe("starts at tick 3")
    expect(told({ to: "deactivating", reason: "dependency", metadata: { dependency: "store" } })).toBe(
      "stops: store is gone"
    )
    expect(told({ to: "restarting", reason: "backoff", metadata: { attempt: 2, delayMs: 890 } })).toBe(
      "will be restarted in 890 ms (attempt 2)"
    )
    expect(told({ to: "crashed", reason: "timeout", cause: null })).toBe("crashed: it took too long")
  })

  it("names all that stops with a domain, and not what only starts after it", () => {
    const cart = domain("cart", { dependsOn: ["store"] })
    const till = domain("till", { dependsOn: ["cart"] })
    const lamp = domain("lamp", { after: ["store"] })
    expect(PageText.dependants("store", [till, lamp, domain("store"), cart])).toEqual(["till", "cart"])
  })

  it.each([
    [0, "0 ms"],
    [0.25, "0.25 ms"],
    [4.24, "4.2 ms"],
    [340, "340 ms"],
    [1000, "1 s"],
    [3240, "3.2 s"],
    [59_800, "1 min"],
    [95_000, "1 min 35 s"],
    [3_600_000, "1 h"],
    [7_500_000, "2 h 5 min"],
    [273_600_000, "3 d 4 h"]
  ])("writes %d milliseconds as %s", (ms, text) => {
    expect(PageText.duration(ms)).toBe(text)
  })

  it("shortens a long list of names", () => {
    expect(PageText.names(["a"])).toBe("a")
    expect(PageText.names(["a", "b", "c"])).toBe("a, b and c")
    expect(PageText.names(["a", "b", "c", "d", "e"])).toBe("a, b, c and 2 more")
  })
})
