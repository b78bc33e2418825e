import { describe, expect, it } from "@effect/vitest"
import type { Overview } from "../../../src/cli/commands/Status.ts"
import * as Status from "../../../src/cli/commands/Status.ts"
import { domain, domains, stats } from "../watch/model.ts"

const pass = { status: "pass", reason: "Well", tick: 65, degraded: [] } as const
const overview: Overview = {
  live: pass,
  startup: pass,
  ready: {
    status: "fail",
    tick: 65,
    degraded: ["trail: degraded"],
    reason:
      "Not every required domain is active: broken is crashed; needy is blocked by broken; late waits for tick 100."
  },
  stats,
  domains
}

describe("thunderline status", () => {
  it("fits into 80 columns, trouble first, with the reason for each domain", () =>
    expect(`${Status.render(overview, { width: 80 })}\n`).toMatchFileSnapshot("screens/status-80.txt"))

  it("breaks no line in a file or pipe", () => {
    expect(Status.render(overview).split("\n")[0]).toBe(`shop 1.2.3, not ready: ${overview.ready.reason}`)
  })

  it("says in which states those are that are not listed", () => {
    const all = Array.from({ length: 1_500 }, (_, i) => domain(`d${i}`, { status: i % 3 === 0 ? "waiting" : "active" }))
    expect(Status.render({ ...overview, domains: all })).toMatch(/\nand 1,480 more: 480 waiting, 1,000 active$/)
  })
})
