import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { DomainRegistry } from "../src/heartbeat/DomainRegistry.ts"
import * as Domain from "../src/model/Domain.ts"
import * as Thunderline from "../src/Thunderline.ts"

class Store extends Context.Service<Store, { readonly get: Effect.Effect<number> }>()("test/Store") {}

const Flow = Domain.make("flow", { layer: Layer.succeed(Store, { get: Effect.succeed(1) }) })
const Bolt = Domain.make("bolt", {
  dependsOn: [Flow],
  layer: Layer.effectDiscard(Store.use((store) => store.get))
})

describe("Thunderline", () => {
  it.effect("activates on tick 1, in waves", () =>
    Effect.gen(function*() {
      const registry = yield* DomainRegistry
      assert.deepStrictEqual((yield* registry.snapshot).map((v) => v.status._tag), ["waiting", "waiting"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* registry.snapshot).map((v) => v.status._tag), ["active", "active"])
      const snap = yield* registry.snapshot
      assert.deepStrictEqual(snap.map((v) => v.status._tag === "active" ? v.status.opening.wave : -1), [0, 1])
    }).pipe(Effect.provide(Thunderline.layer({ domains: [Flow, Bolt] }))))

  it.effect("gives domains the reading sides of its services, and not the writing sides", () =>
    Effect.gen(function*() {
      const reading = ["Repo", "Outbox", "TrailStatus", "SystemPubSub", "DomainRegistry"]
      const writing = ["RepoWriter", "OutboxIntake", "TrailReports", "SystemPubSub/SystemPublisher", "TickIngress"]
      const seen: Record<string, ReadonlyArray<string>> = {}
      const look = (where: string) =>
        Effect.map(Effect.context<never>(), ({ mapUnsafe }) => {
          seen[where] = [...reading, ...writing].filter((name) => mapUnsafe.has(`thunderline/${name}`))
        })
      const Curious = Domain.make("curious", {
        layer: Layer.effectDiscard(look("layer")),
        onActivate: () => look("onActivate"),
        onTick: () => look("onTick")
      })
      yield* TestClock.adjust("2 seconds").pipe(Effect.provide(Thunderline.layer({ domains: [Curious] })))
      assert.deepStrictEqual(seen, { layer: reading, onActivate: reading, onTick: reading })
    }))
})
