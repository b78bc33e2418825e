import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import { check, edges } from "./randomApplication.ts"

describe("the model", () => {
  it.live(
    "4,000 random graphs, policies, faults and operations break no law and take every edge at least 50 times",
    () =>
      Effect.gen(function*() {
        const coverage = new Map<string, number>(edges.map((edge) => [edge, 0]))
        const result = yield* check(4000, (edge) => coverage.set(edge, (coverage.get(edge) ?? 0) + 1))
        assert.isUndefined(Arbitrary.formatCheckFailure(result))
        const taken = Array.from(coverage).sort((a, b) => a[1] - b[1])
        console.log(taken.map(([edge, times]) => `${String(times).padStart(7)}  ${edge}`).join("\n"))
        assert.deepStrictEqual(taken.filter(([, times]) => times < 50), [])
      }),
    300_000
  )
})
