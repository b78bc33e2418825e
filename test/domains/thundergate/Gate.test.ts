import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Gate from "../../../src/domains/thundergate/Gate.ts"
import type { Caller } from "../../../src/model/Admission.ts"

const operator: Caller = { name: "ada", roles: ["operator"] }
const visitor: Caller = { name: "bob", roles: [] }
const rate: Gate.Rate = { limit: 10, window: Duration.seconds(5) }

const Word = Schema.Literals(["a", "b", "role", "everybody"])
const Callers = Schema.Struct({ name: Word, roles: Schema.Array(Word) })
const Action = Schema.Literals(["read", "domain.restart", "domain.deactivate"])
const Grants = Schema.Array(Schema.Struct({
  to: Schema.Union([Schema.Literal("everybody"), Schema.Struct({ caller: Word }), Schema.Struct({ role: Word })]),
  actions: Schema.Array(Schema.Literals(["read", "domain.restart", "domain.*", "*"]))
}))

describe("Gate", () => {
  it.effect("refuses the 11th request in a window of 10 with the time to wait, and admits it after that time", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.Gate
      for (let left = 9; left >= 0; left--) {
        const { remaining } = yield* gate.admit(operator, "read")
        assert.strictEqual(remaining, left)
      }
      yield* TestClock.adjust("2 seconds")
      const refused = yield* Effect.flip(gate.admit(operator, "read"))
      assert(refused._tag === "RateLimited")
      assert.strictEqual(Duration.toMillis(refused.retryAfter), 3000)
      assert.strictEqual(refused.message, "ada has made 10 requests in 5s: try again in 3s")
      yield* TestClock.adjust("2999 millis")
      assert.strictEqual((yield* Effect.flip(gate.admit(operator, "read")))._tag, "RateLimited")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* gate.admit(operator, "read")).remaining, 9)
    }).pipe(Effect.provide(Gate.layerWith({ rate }))))

  it.effect("counts each caller by itself", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.Gate
      yield* Effect.repeat(gate.admit(operator, "read"), { times: 9 })
      assert.strictEqual((yield* Effect.flip(gate.admit(operator, "read")))._tag, "RateLimited")
      assert.strictEqual((yield* gate.admit(visitor, "read")).remaining, 9)
    }).pipe(Effect.provide(Gate.layerWith({ rate }))))

  it.effect("takes nothing from the rate of a caller for what it may not do", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.Gate
      for (let n = 0; n < 20; n++) {
        const error = yield* Effect.flip(gate.admit(visitor, "domain.restart"))
        assert.strictEqual(error._tag, "Forbidden")
      }
      assert.strictEqual((yield* gate.admit(visitor, "read")).remaining, 9)
    }).pipe(Effect.provide(Gate.layerWith({ rate }))))

  it.effect("by default lets operators do everything, everybody read, and thundercrown no more than its operations", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.Gate
      const thundercrown: Caller = { name: "thundercrown", roles: [] }
      yield* gate.authorize(operator, "domain.activate")
      yield* gate.authorize(visitor, "read")
      yield* gate.authorize(thundercrown, "domain.restart")
      const error = yield* Effect.flip(gate.authorize(thundercrown, "domain.activate"))
      assert.strictEqual(error.message, "thundercrown may not domain.activate")
    }).pipe(Effect.provide(Gate.layer)))

  it.prop(
    "lets nobody do what no grant names, and a further grant takes nothing away",
    { grants: Grants, more: Grants, caller: Callers, action: Action },
    ({ action, caller, grants, more }) => {
      const granted = Gate.isGranted(grants, caller, action)
      const named = grants.some(({ actions, to }) =>
        (to === "everybody" || Object.values(to).some((word) => word === caller.name || caller.roles.includes(word))) &&
        actions.some((pattern) => pattern === action || pattern === "*" || action.startsWith(pattern.replace("*", "")))
      )
      assert.isTrue(named || !granted)
      assert.isTrue(!granted || Gate.isGranted([...more, ...grants], caller, action))
    }
  )

  it.effect("does not take a caller for a role of the same name", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.Gate
      const error = yield* Effect.flip(gate.authorize({ name: "operator", roles: [] }, "domain.restart"))
      assert.strictEqual(error._tag, "Forbidden")
    }).pipe(Effect.provide(Gate.layer)))

  it.effect.prop(
    "admits a caller that waits for as long as it was told, whatever it asked before",
    {
      limit: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20 })),
      pauses: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 800 })))
    },
    ({ limit, pauses }) =>
      Effect.gen(function*() {
        const gate = yield* Gate.Gate
        for (const pause of pauses) {
          yield* TestClock.adjust(Duration.millis(pause))
          yield* Effect.ignore(gate.admit(operator, "read"))
        }
        const refused = yield* Effect.flip(Effect.forever(gate.admit(operator, "read")))
        assert(refused._tag === "RateLimited")
        yield* TestClock.adjust(refused.retryAfter)
        yield* gate.admit(operator, "read")
      }).pipe(Effect.provide(Gate.layerWith({ rate: { limit, window: Duration.seconds(5) } })))
  )
})
