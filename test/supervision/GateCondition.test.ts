import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import * as Domain from "../../src/model/Domain.ts"
import { type GateCondition, GateConditions } from "../../src/supervision/GateCondition.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import { awaitStates, tick } from "../support/app.ts"

/** A condition that a test sets by hand. */
const byHand = () => {
  const allowed = new Set<string>()
  const listeners = new Set<(domain: string) => void>()
  const condition: GateCondition = {
    name: "placement",
    holds: (domain) => allowed.has(domain),
    listen: (listener) =>
      Effect.acquireRelease(
        Effect.sync(() => void listeners.add(listener)),
        () => Effect.sync(() => listeners.delete(listener))
      )
  }
  const allow = (domain: string) =>
    Effect.sync(() => {
      allowed.add(domain)
      for (const listener of listeners) listener(domain)
    })
  return { condition, allow, listeners }
}

describe("GateCondition", () => {
  it.effect("keeps a domain waiting, by name, until it holds, and opens the gate without another tick", () => {
    const { allow, condition, listeners } = byHand()
    const base = Domain.make("base", { layer: Layer.empty })
    const above = Domain.make("above", { layer: Layer.empty, dependsOn: [base] })
    return Effect.gen(function*() {
      const registry = yield* DomainRegistry
      yield* tick
      yield* awaitStates({ base: "waiting", above: "waiting" })
      assert.deepStrictEqual((yield* registry.domain("base")).blockedBy, ["placement"])
      yield* allow("above")
      yield* awaitStates({ base: "waiting", above: "waiting" })
      yield* allow("base")
      yield* awaitStates({ base: "active", above: "active" })
      assert.deepStrictEqual((yield* registry.domain("base")).blockedBy, [])
      assert.strictEqual(listeners.size, 1)
    }).pipe(
      Effect.provide(
        Thunderline.layerTest({ domains: [base, above] }).pipe(
          Layer.provide(Layer.succeed(GateConditions, [condition]))
        )
      )
    )
  })

  it.effect("does not hold while it throws", () => {
    const { allow, condition } = byHand()
    const throwing = {
      ...condition,
      holds: (domain: string) => {
        if (!condition.holds(domain)) throw new Error("no")
        return true
      }
    }
    return Effect.gen(function*() {
      const registry = yield* DomainRegistry
      yield* tick
      assert.deepStrictEqual((yield* registry.domain("base")).blockedBy, ["placement"])
      yield* allow("base")
      yield* awaitStates({ base: "active" })
    }).pipe(
      Effect.provide(
        Thunderline.layerTest({ domains: [Domain.make("base", { layer: Layer.empty })] }).pipe(
          Layer.provide(Layer.succeed(GateConditions, [throwing]))
        )
      )
    )
  })
})
