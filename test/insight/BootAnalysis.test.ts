import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { analyse, blame, type BootAnalysis, predict } from "../../src/insight/BootAnalysis.ts"
import * as Domain from "../../src/model/Domain.ts"
import type { Fault } from "../../src/testing/Fault.ts"
import * as Simulation from "../../src/testing/Simulation.ts"
import { acyclic, domainsOf, int, type Planned } from "../support/arbitraries.ts"

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((a, b) => a + b, 0)

const boot = Effect.fnUntraced(function*(plan: ReadonlyArray<Planned>, faults: ReadonlyArray<Fault> = []) {
  const domains = domainsOf<Domain.Any>(
    plan,
    ({ activationTick, buildMs, name }, dependsOn, after) =>
      Domain.make(name, {
        dependsOn,
        after,
        activationTick,
        layer: Layer.effectDiscard(Effect.sleep(buildMs))
      })
  )
  const { events } = yield* Simulation.run({ domains, script: { faults }, ticks: 120, interval: 997 })
  return Option.getOrThrow(analyse(events))
})

const checkLaws = (analysis: BootAnalysis) => {
  for (const boot of analysis.domains) {
    assert.strictEqual(
      boot.startMs + boot.tickMs + boot.dependencyMs + boot.setbackMs + boot.queueMs + boot.ownMs,
      boot.activeAt,
      boot.domain
    )
    for (const part of ["startMs", "tickMs", "dependencyMs", "setbackMs", "queueMs", "ownMs"] as const) {
      assert.isAtLeast(boot[part], 0, `${boot.domain}: ${part}`)
    }
  }
  assert.strictEqual(sum(analysis.chain.map((link) => link.waitMs + link.setbackMs + link.ownMs)), analysis.totalMs)
  assert.strictEqual(Math.max(...analysis.domains.map(({ activeAt }) => activeAt)), analysis.totalMs)
  assert.isAtMost(analysis.idealMs, analysis.totalMs)
  const blamed = blame(analysis)
  assert.isTrue(blamed.every(({ ownMs }, i) => i === 0 || blamed[i - 1]!.ownMs >= ownMs))
  assert.sameMembers(blamed.map(({ domain }) => domain), analysis.domains.map(({ domain }) => domain))
  assert.deepStrictEqual(predict(analysis, {}), analysis)
}

const domain = (fields: Partial<Planned> & { readonly name: string }): Planned => ({
  dependsOn: [],
  after: [],
  activationTick: 1,
  buildMs: 0,
  position: 0,
  ...fields
})

describe("BootAnalysis", () => {
  it.effect.prop(
    "tells every millisecond of every domain, and from one boot the length of the next exactly",
    [acyclic, int(0, 13), int(0, 4_000), int(0, 13), int(0, 4_000)],
    Effect.fnUntraced(function*([plan, one, oneMs, two, twoMs]) {
      const before = yield* boot(plan)
      checkLaws(before)
      assert.strictEqual(before.domains.length, plan.length)
      const changes = { [`d${one % plan.length}`]: oneMs, [`d${two % plan.length}`]: twoMs }
      const after = yield* boot(
        plan.map((planned) => ({ ...planned, buildMs: changes[planned.name] ?? planned.buildMs }))
      )
      checkLaws(after)
      const predicted = predict(before, changes)
      assert.strictEqual(predicted.totalMs, after.totalMs)
      assert.strictEqual(predicted.idealMs, after.idealMs)
      assert.deepStrictEqual(
        Object.fromEntries(predicted.domains.map(({ activeAt, domain }) => [domain, activeAt])),
        Object.fromEntries(after.domains.map(({ activeAt, domain }) => [domain, activeAt]))
      )
    }),
    { arbitrary: { runs: 200 } }
  )

  it.effect("follows the chain from the tick through what was awaited last", () =>
    Effect.gen(function*() {
      const analysis = yield* boot([
        domain({ name: "slow", buildMs: 800 }),
        domain({ name: "quick", buildMs: 100 }),
        domain({ name: "both", dependsOn: [0], after: [1], buildMs: 300 }),
        domain({ name: "late", dependsOn: [1], activationTick: 2, buildMs: 5 })
      ])
      assert.deepStrictEqual(analysis.chain, [
        { domain: "slow", waitMs: 997, setbackMs: 0, ownMs: 800 },
        { domain: "both", waitMs: 0, setbackMs: 0, ownMs: 300 }
      ])
      assert.deepStrictEqual([analysis.totalMs, analysis.idealMs], [2097, 1100])
      assert.deepStrictEqual(blame(analysis).map(({ domain }) => domain), ["slow", "both", "quick", "late"])
      const parts = Object.fromEntries(analysis.domains.map((one) => [one.domain, one]))
      assert.include(parts["both"], { lastAwaited: "slow", tickMs: 997, dependencyMs: 800, wave: 1 })
      assert.include(parts["late"], { lastAwaited: null, tickMs: 1994, dependencyMs: 0, tick: 2 })
      // The chain moves on to the other dependency when the slow one is done away with.
      const without = predict(analysis, { slow: 0 })
      assert.deepStrictEqual(without.chain.map(({ domain }) => domain), ["late"])
      assert.strictEqual(without.totalMs, 1999)
    }))

  it.effect("keeps what failed builds and back-offs cost apart from the build that succeeded", () =>
    Effect.gen(function*() {
      const analysis = yield* boot(
        [domain({ name: "a", buildMs: 200 }), domain({ name: "b", dependsOn: [0], buildMs: 50 })],
        [{ _tag: "FailActivation", domain: "a", generation: 1 }]
      )
      checkLaws(analysis)
      const [a, b] = analysis.domains
      assert.strictEqual(a!.ownMs, 200)
      assert.isAbove(a!.setbackMs, 0)
      assert.strictEqual(b!.dependencyMs, a!.setbackMs + 200)
      assert.strictEqual(predict(analysis, { a: 0 }).totalMs, analysis.totalMs - 200)
    }))

  it.effect("names the domains that never came up, and why", () =>
    Effect.gen(function*() {
      const analysis = yield* boot(
        [domain({ name: "a" }), domain({ name: "b", dependsOn: [0] }), domain({ name: "x", buildMs: 30 })],
        [{ _tag: "FailActivation", domain: "a" }]
      )
      checkLaws(analysis)
      assert.deepStrictEqual(analysis.domains.map(({ domain }) => domain), ["x"])
      assert.deepStrictEqual(analysis.unfinished.map(({ domain }) => domain), ["a"])
      assert.include(analysis.unfinished[0]!.cause!, "FailActivation was injected")
    }))

  it("says nothing of a run in which no gate has opened", () => {
    assert.isTrue(Option.isNone(analyse([])))
  })
})
