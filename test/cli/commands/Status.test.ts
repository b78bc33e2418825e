import { assert, describe, it } from "@effect/vitest"
import type { Overview } from "../../../src/cli/commands/Status.ts"
import * as Status from "../../../src/cli/commands/Status.ts"
import { assertScreen } from "../../support/screenshot.ts"
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
    assertScreen(import.meta.dirname, "status-80.txt", `${Status.render(overview, { width: 80 })}\n`))

  it("breaks no line in a file or pipe", () => {
    assert.strictEqual(Status.render(overview).split("\n")[0], `shop 1.2.3, not ready: ${overview.ready.reason}`)
  })

  it("says in which states those are that are not listed", () => {
    const all = Array.from({ length: 1_500 }, (_, i) => domain(`d${i}`, { status: i % 3 === 0 ? "waiting" : "active" }))
    assert.match(Status.render({ ...overview, domains: all }), /\nand 1,480 more: 480 waiting, 1,000 active$/)
  })
})
