import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import * as Domain from "../../src/model/Domain.ts"
import { app, awaitStates, brief, tick, trail } from "../support/app.ts"
import { awaitState, settle } from "../support/awaitState.ts"

describe("a crash", () => {
  it.effect("closes the scopes when all have left active, each after those of its dependants", () => {
    const fails = Deferred.makeUnsafe<never, string>()
    const closed: Array<string> = []
    const layer = (name: string) =>
      Layer.effectDiscard(
        Effect.flatMap(DomainRegistry, (registry) =>
          Effect.addFinalizer(() =>
            Effect.gen(function*() {
              closed.push(`${name} begins, active: ${yield* registry.activeDomains}`)
              yield* settle
              closed.push(`${name} is closed`)
            })
          ))
      )
    const a = Domain.make("a", { layer: layer("a"), workers: { link: Deferred.await(fails) }, restart: "never" })
    const b = Domain.make("b", { dependsOn: [a], layer: layer("b") })
    const c = Domain.make("c", { dependsOn: [a, b], layer: layer("c") })
    return Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ a: "active", b: "active", c: "active" })
      yield* Deferred.fail(fails, "no")
      yield* awaitStates({ a: "crashed", b: "waiting", c: "waiting" })
      yield* settle
      yield* awaitState("all are closed", Effect.sync(() => closed.length === 6))
      assert.deepStrictEqual(
        closed,
        ["c", "b", "a"].flatMap((name) => [`${name} begins, active: `, `${name} is closed`])
      )
    }).pipe(Effect.provide(app([a, b, c])))
  })

  it.effect("leaves domains alone that only come after it", () => {
    const fails = Deferred.makeUnsafe<never, string>()
    const a = Domain.make("a", {
      layer: Layer.empty,
      workers: { link: Deferred.await(fails) },
      restart: "never"
    })
    const follower = Domain.make("follower", { after: [a], layer: Layer.empty })
    const other = Domain.make("other", { layer: Layer.empty })
    return Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ a: "active", follower: "active", other: "active" })
      yield* Deferred.fail(fails, "no")
      yield* awaitStates({ a: "crashed" })
      yield* settle
      yield* awaitStates({ follower: "active", other: "active" })
      assert.lengthOf((yield* trail).map(brief).filter((line) => line.startsWith("follower")), 2)
    }).pipe(Effect.provide(app([a, follower, other])))
  })
})
