import { assert, describe, it } from "@effect/vitest"
import { displayWidth } from "effect/cli/CliOutput"
import * as Schema from "effect/Schema"
import { barLine, busyLine } from "../../../src/cli/text/Progress.ts"

const Number = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 500 }))

describe("Progress", () => {
  it("shows what is done and what is left", () => {
    assert.strictEqual(barLine("Simulating", 0, 10, 400, 80), `Simulating ${"░".repeat(40)}   0%`)
    assert.strictEqual(
      barLine("Simulating", 5, 10, 2_000, 80),
      `Simulating ${"█".repeat(20)}${"░".repeat(20)}  50%  2s left`
    )
    assert.strictEqual(barLine("Simulating", 10, 10, 4_000, 40), `Simulating ${"█".repeat(14)} 100%  0s left`)
  })

  it("shows that something is done whose length is not known", () => {
    assert.strictEqual(busyLine("Migrating", 3_200, 80), "⠹ Migrating …  3s")
  })

  it.prop("stays on its line", [Number, Number, Number], ([done, total, width]) => {
    assert.isBelow(displayWidth(barLine("Simulating", done, total, 1_000, width + 2)), width + 2)
    assert.isBelow(displayWidth(busyLine("Simulating", 1_000, width + 2)), width + 2)
  })
})
