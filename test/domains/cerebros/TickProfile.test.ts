import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as TickProfile from "../../../src/domains/cerebros/TickProfile.ts"
import { steady, uniform } from "./Durations.ts"

const run = (profile: TickProfile.TickProfile, ticks: number, durationMs: () => number, generation = 1) => {
  const slowAt: Array<number> = []
  for (let tick = 1; tick <= ticks; tick++) {
    profile.observe({ generation, durationMs: durationMs(), coalesced: 0 })
    if (profile.slowness() !== undefined) slowAt.push(tick)
  }
  return slowAt
}

const make = () => TickProfile.make(TickProfile.defaultSettings)

const Seed = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000_000 }))

describe("TickProfile", () => {
  for (const [name, source] of Object.entries(steady)) {
    it.prop(
      `finds a steady domain slow at none of 1,000 ticks (${name})`,
      { seed: Seed },
      ({ seed }) => {
        assert.deepStrictEqual(run(make(), 1000, source(uniform(seed))), [])
      },
      { arbitrary: { runs: 20, seed: name, size: 1_000_000_000 } }
    )

    it.prop(
      `finds a domain slow within 20 ticks of its becoming 10 times slower (${name})`,
      { seed: Seed },
      ({ seed }) => {
        const profile = make()
        const next = source(uniform(seed))
        run(profile, 300, next)
        const found = run(profile, 20, () => 10 * next())
        assert.isNotEmpty(found)
        const { expectedMs, observedMs } = profile.slowness()!
        assert.isAtLeast(observedMs, 3 * expectedMs)
      },
      { arbitrary: { runs: 20, seed: name, size: 1_000_000_000 } }
    )
  }

  it("does not find a domain slow that takes less than the floor, however much slower it became", () => {
    const profile = make()
    run(profile, 200, () => 0.1)
    assert.deepStrictEqual(run(profile, 100, () => 4.9), [])
    assert.isNotEmpty(run(profile, 20, () => 5.1))
  })

  it("judges nothing before it knows what is normal", () => {
    const profile = make()
    run(profile, 50, () => 10)
    assert.isUndefined(profile.expectedMs())
    assert.deepStrictEqual(run(profile, 20, () => 1000), [])
  })

  it("begins a new generation with an empty window and what was normal before", () => {
    const profile = make()
    run(profile, 200, () => 10)
    assert.isNotEmpty(run(profile, 20, () => 100))
    assert.deepStrictEqual(run(profile, 10, () => 100, 2), [])
    assert.approximately(profile.expectedMs()!, 10, 0.1)
    assert.strictEqual(run(profile, 10, () => 100, 2)[0], 1)
  })

  it("takes skipped ticks for as slow as the one that made the domain skip them", () => {
    const profile = make()
    run(profile, 200, () => 200)
    const slow = { generation: 1, durationMs: 4000, coalesced: 3 }
    profile.observe(slow)
    profile.observe(slow)
    assert.isUndefined(profile.slowness())
    profile.observe(slow)
    assert.isDefined(profile.slowness())
  })

  it("learns a new normal from a domain that stays slow", () => {
    const profile = make()
    run(profile, 200, () => 10)
    const slowAt = run(profile, 1000, () => 100)
    assert.deepStrictEqual([slowAt[0], slowAt.length], [11, 500])
    assert.approximately(profile.expectedMs()!, 100, 1)
  })
})
