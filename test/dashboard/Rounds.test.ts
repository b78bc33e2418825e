import { assert, describe, it } from "@effect/vitest"
import { rounds } from "../../dashboard/src/Rounds.ts"
import type { Activations } from "../../src/control/ActivationHistory.ts"
import { byName, domain } from "../support/domains.ts"

const activation = (domain: string, tick: number, wave: number, startedAt: number, workMs: number): Activations => {
  const end = { at: startedAt + workMs, outcome: "active", workMs } as const
  const first = { domain, generation: 1, tick, wave, openedAt: startedAt, end }
  return { first, newest: first, open: undefined }
}

const domains = byName(domain("store"), domain("cart", { dependsOn: ["store"] }), domain("late"))

describe("the rounds of a start", () => {
  it("tells waiting for a dependency from own work, wave by wave", () => {
    const [round] = rounds([activation("cart", 1, 1, 130, 40), activation("store", 1, 0, 100, 30)], domains)
    assert.containsSubset(round, { tick: 1, openedAt: 100, totalMs: 70, waves: 2 })
    assert.deepStrictEqual(round!.bars.map(({ domain, waitMs, workMs }) => [domain, waitMs, workMs]), [
      ["store", 0, 30],
      ["cart", 30, 40]
    ])
  })

  it("counts a wave to the round that it began in, whatever ticks came meanwhile", () => {
    const all = rounds([activation("store", 1, 0, 0, 2500), activation("cart", 3, 1, 2500, 10)], domains)
    assert.deepStrictEqual(all.map(({ bars, tick }) => [tick, bars.length]), [[1, 2]])
  })

  it("leaves out a domain that has not been active yet", () => {
    const failed = { ...activation("late", 1, 0, 0, 5), first: undefined }
    assert.deepStrictEqual(
      rounds([activation("store", 1, 0, 0, 5), failed], domains)[0]!.bars.map(({ domain }) => domain),
      [
        "store"
      ]
    )
  })

  it("begins a round with each tick that opens something", () => {
    const all = rounds([activation("store", 1, 0, 0, 5), activation("late", 4, 0, 3000, 5)], domains)
    assert.deepStrictEqual(all.map(({ tick }) => tick), [1, 4])
  })

  it("never shows a domain at work before what it waited for was ready", () => {
    const [round] = rounds([activation("store", 1, 0, 99.7, 0.3), activation("cart", 1, 1, 99.6, 0.4)], domains)
    assert.approximately(round!.bars[1]!.waitMs, 0.3, 0.005)
    assert.approximately(round!.totalMs, 0.7, 0.005)
  })
})
