import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type Anomaly, Cerebros } from "../../../src/domains/cerebros/Cerebros.ts"
import * as Policy from "../../../src/domains/thundercrown/Policy.ts"
import * as PolicyRule from "../../../src/domains/thundercrown/PolicyRule.ts"
import * as Gate from "../../../src/domains/thundergate/Gate.ts"
import { DomainControl, type DomainControlError, OperationRefused } from "../../../src/model/DomainControl.ts"
import { DomainStatus } from "../../../src/model/DomainStatus.ts"
import type { Tick } from "../../../src/model/Tick.ts"
import * as TestRegistry from "../TestRegistry.ts"

const tick: Tick = {
  count: 1,
  slot: 1,
  epoch: 1,
  timestamp: DateTime.makeUnsafe(0),
  lateness: Duration.zero,
  interval: Duration.seconds(1),
  metadata: { activeDomains: 0 }
}

const active = (name: string) => TestRegistry.view(name, DomainStatus.active({ opening: { tick, wave: 0 } }))
const crashed = (name: string) => TestRegistry.view(name, DomainStatus.crashed({ cause: "broken" }))

const slow = (domain: string): Anomaly => ({
  domain,
  generation: 1,
  since: 1,
  tick: 1,
  expectedMs: 10,
  observedMs: 100
})

/** What a policy sees, and what was asked of the domains. */
interface World {
  readonly registry: TestRegistry.TestRegistry
  anomalies: ReadonlyArray<Anomaly>
  readonly operations: Array<string>
  answer: (domain: string) => Effect.Effect<void, DomainControlError>
}

const makeWorld = (): World => ({
  registry: TestRegistry.make(),
  anomalies: [],
  operations: [],
  answer: () => Effect.void
})

const layer = (world: World, options: Policy.Options, gate = Gate.layer) => {
  const operation = (name: string) => (domain: string) =>
    Effect.suspend(() => {
      world.operations.push(`${name} ${domain}`)
      return world.answer(domain)
    })
  return Policy.layerWith(options).pipe(
    Layer.provide([
      gate,
      TestRegistry.layer(world.registry),
      Layer.mock(Cerebros, { anomalies: Effect.sync(() => world.anomalies) }),
      Layer.succeed(DomainControl, {
        restart: operation("restart"),
        activate: operation("activate"),
        deactivate: operation("deactivate")
      })
    ])
  )
}

const beats = Effect.fnUntraced(function*(from: number, to: number) {
  const policy = yield* Policy.Policy
  for (let tick = from; tick <= to; tick++) yield* policy.evaluate(tick)
  return yield* policy.recent
})

describe("Policy", () => {
  it.effect("restarts a flagged domain once, then waits out its cool-down", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.registry.domains = [active("alpha"), active("beta")]
      yield* Effect.gen(function*() {
        yield* beats(1, 4)
        assert.deepStrictEqual(world.operations, [])
        world.anomalies = [slow("beta")]
        yield* beats(5, 64)
        assert.deepStrictEqual(world.operations, ["restart beta"])
        const decisions = yield* beats(65, 70)
        assert.deepStrictEqual(world.operations, ["restart beta", "restart beta"])
        assert.deepStrictEqual(
          decisions.map(({ outcome, sequence, tick }) => [sequence, tick, outcome]),
          [[1, 5, "done"], [2, 65, "done"]]
        )
      }).pipe(Effect.provide(layer(world, { mode: "act" })))
    }))

  it.effect("only tells what it would do unless it is told to act", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.registry.domains = [active("alpha")]
      world.anomalies = [slow("alpha")]
      yield* Effect.gen(function*() {
        const policy = yield* Policy.Policy
        assert.strictEqual(policy.mode, "dry-run")
        const told = yield* Stream.runHead(policy.decisions).pipe(Effect.forkChild({ startImmediately: true }))
        yield* beats(1, 30)
        const decision = yield* Effect.fromOption(yield* Fiber.join(told))
        assert.deepStrictEqual(decision, {
          sequence: 1,
          tick: 1,
          domain: "alpha",
          rule: "slow: restart",
          action: "restart",
          outcome: "dry-run",
          detail: null
        })
        assert.deepStrictEqual(yield* policy.recent, [decision])
        assert.deepStrictEqual(world.operations, [])
      }).pipe(Effect.provide(layer(world, {})))
    }))

  it.effect("asks the gate before it acts, and does not act when the gate forbids it", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.registry.domains = [active("alpha")]
      world.anomalies = [slow("alpha")]
      yield* Effect.gen(function*() {
        const decisions = yield* beats(1, 1)
        assert.deepInclude(decisions[0], {
          outcome: "forbidden",
          detail: "thundercrown may not domain.restart"
        })
        assert.deepStrictEqual(world.operations, [])
      }).pipe(Effect.provide(layer(world, { mode: "act" }, Gate.layerWith({ grants: [] }))))
    }))

  it.effect("goes on with the other domains when one does not take its operation", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.registry.domains = [active("alpha"), active("beta")]
      world.anomalies = [slow("alpha"), slow("beta")]
      world.answer = (domain) =>
        domain === "alpha"
          ? new OperationRefused({ domain, operation: "restart", status: "deactivating" })
          : Effect.void
      yield* Effect.gen(function*() {
        const decisions = yield* beats(1, 1)
        assert.deepStrictEqual(world.operations, ["restart alpha", "restart beta"])
        assert.deepStrictEqual(decisions.map(({ outcome }) => outcome), ["refused", "done"])
        assert.strictEqual(decisions[0]!.detail, "Domain alpha is deactivating: it cannot restart")
      }).pipe(Effect.provide(layer(world, { mode: "act" })))
    }))

  it.effect("alerts about a domain that stays in a state for its ticks, and counts them anew after a change", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const rules = [PolicyRule.whenStatus("crashed", "alert", { forTicks: 3 })]
      world.registry.domains = [crashed("alpha")]
      yield* Effect.gen(function*() {
        assert.deepStrictEqual(yield* beats(1, 3), [])
        world.registry.domains = [active("alpha")]
        yield* beats(4, 4)
        world.registry.domains = [crashed("alpha")]
        assert.deepStrictEqual(yield* beats(5, 7), [])
        const decisions = yield* beats(8, 20)
        assert.deepStrictEqual(decisions.map(({ action, tick }) => [action, tick]), [["alert", 8]])
        assert.deepStrictEqual(world.operations, [])
      }).pipe(Effect.provide(layer(world, { mode: "act", rules })))
    }))

  it.effect("lets the first rule that matches decide, and can deactivate", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const rules = [
        PolicyRule.whenSlow("deactivate", { factor: 20 }),
        PolicyRule.whenSlow("restart"),
        PolicyRule.whenStatus("active", "alert")
      ]
      world.registry.domains = [active("alpha"), active("beta")]
      world.anomalies = [{ ...slow("alpha"), observedMs: 200 }, slow("beta")]
      yield* beats(1, 1).pipe(Effect.provide(layer(world, { mode: "act", rules })))
      assert.deepStrictEqual(world.operations, ["deactivate alpha", "restart beta"])
    }))

  it.effect("does not hold a generation to what was found of the one before", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.registry.domains = [{ ...active("alpha"), generation: 2 }]
      world.anomalies = [slow("alpha")]
      const decisions = yield* beats(1, 5).pipe(Effect.provide(layer(world, { mode: "act" })))
      assert.deepStrictEqual(decisions, [])
    }))

  it.effect.prop(
    "never decides twice about a domain within its cool-down, and acts only when it may",
    {
      coolDown: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20 })),
      mode: Policy.Mode,
      slowAt: Schema.Array(Schema.Array(Schema.Literals(["alpha", "beta"]))).check(Schema.isMaxLength(50))
    },
    ({ coolDown, mode, slowAt }) =>
      Effect.gen(function*() {
        const world = makeWorld()
        world.registry.domains = [active("alpha"), active("beta")]
        yield* Effect.gen(function*() {
          for (const [n, domains] of slowAt.entries()) {
            world.anomalies = Array.from(new Set(domains), slow)
            yield* beats(n + 1, n + 1)
          }
          const decisions = yield* beats(1, 0)
          for (const name of ["alpha", "beta"]) {
            const ticks = decisions.filter(({ domain }) => domain === name).map(({ tick }) => tick)
            const expected: Array<number> = []
            slowAt.forEach((domains, n) => {
              const free = n + 1 >= (expected.at(-1) ?? -coolDown) + coolDown
              if (free && domains.some((domain) => domain === name)) expected.push(n + 1)
            })
            assert.deepStrictEqual(ticks, expected)
          }
          const acted = mode === "act" ? decisions.map(({ domain }) => `restart ${domain}`) : []
          assert.deepStrictEqual(world.operations, acted)
        }).pipe(Effect.provide(layer(world, { mode, coolDown })))
      })
  )
})
