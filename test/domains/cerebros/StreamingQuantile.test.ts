import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as StreamingQuantile from "../../../src/domains/cerebros/StreamingQuantile.ts"

const Values = Schema.NonEmptyArray(Schema.Finite.check(Schema.isBetween({ minimum: 0.001, maximum: 100_000 })))
const Fraction = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

describe("StreamingQuantile", () => {
  it.prop(
    "is never further from the true quantile than its accuracy",
    { values: Values, q: Fraction, accuracy: Schema.Literals([0.005, 0.01, 0.05]) },
    ({ accuracy, q, values }) => {
      const sketch = StreamingQuantile.make({ accuracy })
      values.forEach(sketch.record)
      const exact = values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))]!
      const estimate = sketch.quantile(q)!
      assert.isAtMost(Math.abs(estimate - exact), exact * accuracy * (1 + 1e-9))
    },
    { arbitrary: { runs: 300, size: 500 } }
  )

  it.prop(
    "grows with the quantile asked for",
    { values: Values, a: Fraction, b: Fraction },
    ({ a, b, values }) => {
      const sketch = StreamingQuantile.make()
      values.forEach(sketch.record)
      assert.isAtMost(sketch.quantile(Math.min(a, b))!, sketch.quantile(Math.max(a, b))!)
    }
  )

  it("knows nothing before the first value, and takes what is not positive for nothing", () => {
    const sketch = StreamingQuantile.make()
    assert.isUndefined(sketch.quantile(0.5))
    sketch.record(0)
    assert.strictEqual(sketch.quantile(0.5), 0)
  })

  it("forgets what was normal long ago, and never remembers more than its memory", () => {
    const sketch = StreamingQuantile.make({ memory: 100 })
    for (let n = 0; n < 1000; n++) sketch.record(10)
    for (let n = 0; n < 300; n++) {
      sketch.record(50)
      assert.isBelow(sketch.weight(), 100)
    }
    assert.approximately(sketch.quantile(0.2)!, 50, 0.5)
  })
})
