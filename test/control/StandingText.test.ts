import { assert, describe, it } from "@effect/vitest"
import type { DomainInfo } from "../../src/control/DomainInfo.ts"
import * as StandingText from "../../src/control/StandingText.ts"
import * as DomainStanding from "../../src/model/DomainStanding.ts"
import { StatusName } from "../../src/model/DomainStatus.ts"
import { at, byName, domain, now } from "../support/domains.ts"

const around = (all: ReadonlyArray<DomainInfo>, time = 0, tick = 1): StandingText.Moment => ({
  byName: byName(...all),
  tick,
  now: now(time)
})

/** Why a domain is where it is: for a probe, next to its state, and as a sentence. */
const says = (of: DomainInfo, others: ReadonlyArray<DomainInfo> = [], time = 0, tick = 1) => {
  const moment = around([of, ...others], time, tick)
  return [DomainStanding.brief(of, moment), StandingText.describe(of, moment), StandingText.sentence(of, moment)]
}

const same = (text: string) => [text, text]

const bolt = domain("bolt", {
  status: "restarting",
  cause: "Error: the lane broke\n    at lane (lanes.ts:1:1)",
  restart: { attempt: 2, delayMs: 4000, at: at(4000) }
})

describe("why a domain is where it is", () => {
  it("names what a domain waits for, and when that comes back", () => {
    const cerebros = domain("cerebros", { status: "waiting", dependsOn: ["flow", "bolt"] })
    assert.deepStrictEqual(says(cerebros, [domain("flow"), bolt], 1000), [
      "waits for bolt",
      ...same("waits for bolt (restarting, attempt 2 in 3s)")
    ])
  })

  it("names the domain that all the others wait for, however far away", () => {
    const cerebros = domain("cerebros", { status: "waiting", dependsOn: ["bolt"] })
    const crown = domain("crown", { status: "waiting", after: ["cerebros"] })
    const last = domain("last", { status: "waiting", dependsOn: ["crown"] })
    assert.deepStrictEqual(says(last, [crown, cerebros, bolt], 4000), [
      "waits for crown",
      ...same("waits for crown (waiting), because of bolt (restarting, attempt 2 now)")
    ])
  })

  it("tells a blocked domain from one that waits", () => {
    const store = domain("store", { status: "crashed", cause: "Error: no disk" })
    const cart = domain("cart", { status: "waiting", dependsOn: ["store"], blockedBy: ["store"] })
    assert.deepStrictEqual(says(cart, [store]), [
      "is blocked by store",
      "blocked by store (crashed)",
      "is blocked by store (crashed)"
    ])
  })

  it("names the tick that a domain waits for, and what it waits for then", () => {
    const late = domain("late", { status: "waiting", activationTick: 1_000, dependsOn: ["bolt"] })
    assert.deepStrictEqual(says(late, [bolt]), ["waits for tick 1000", ...same("waits for tick 1,000, then bolt")])
    assert.strictEqual(says(domain("first", { status: "waiting" }), [], 0, 0)[0], "waits for tick 1")
    assert.strictEqual(says(domain("next", { status: "waiting" }))[1], "waits for its turn")
  })

  it("tells a crash and a restart with the first line of the cause", () => {
    assert.deepStrictEqual(says(bolt), [
      "is restarting",
      "attempt 2 in 4s: Error: the lane broke",
      "is restarting, attempt 2 in 4s: Error: the lane broke"
    ])
    assert.deepStrictEqual(says(domain("store", { status: "crashed", cause: "StoreFull: full\n  at x" })), [
      "is crashed",
      "StoreFull: full",
      "is crashed: StoreFull: full"
    ])
  })

  it("tells for how long a domain has been active, and whether it answers its ticks", () => {
    assert.deepStrictEqual(says(domain("a"), [], 65_000), ["is active", "for 1m 5s", "is active"])
    assert.strictEqual(says(domain("a", { health: "suspect" }))[2], "is active but has not answered the last tick")
    assert.strictEqual(says(domain("a", { health: "silent" }))[1], "does not answer its ticks")
  })

  it.each(StatusName.literals)("calls the state %s by its name and by no other", (status) => {
    const [brief, , sentence] = says(domain("a", { status, cause: "Error: no" }), [], 3_000, 0)
    if (status === "waiting") return assert.deepStrictEqual([brief, sentence], same("waits for tick 1"))
    assert.strictEqual(brief, `is ${status}`)
    assert.match(sentence, new RegExp(`^(is|has been) ${status}\\b`))
  })

  it("ends with a circle of waiting domains", () => {
    const a = domain("a", { status: "waiting", dependsOn: ["b"] })
    const b = domain("b", { status: "waiting", after: ["a"] })
    assert.match(says(a, [b])[1], /^waits for b \(waiting\)/)
  })

  it("puts what crashed before what restarts, and what is well last", () => {
    const all = [
      domain("active"),
      domain("inactive", { status: "inactive" }),
      domain("waiting", { status: "waiting" }),
      domain("suspect", { health: "suspect" }),
      domain("blocked", { status: "waiting", blockedBy: ["crashed"] }),
      bolt,
      domain("crashed", { status: "crashed" })
    ]
    const sorted = all.toSorted((a, b) => StandingText.severity(a) - StandingText.severity(b))
    assert.deepStrictEqual(sorted.map(({ name }) => name), all.map(({ name }) => name).toReversed())
  })
})
