import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { DomainRegistry } from "../src/heartbeat/DomainRegistry.ts"
import { SystemPublisher } from "../src/heartbeat/SystemPublisher.ts"
import { SystemPubSub } from "../src/heartbeat/SystemPubSub.ts"
import { TickIngress } from "../src/heartbeat/TickIngress.ts"
import { Transitions } from "../src/heartbeat/Transitions.ts"
import * as Domain from "../src/model/Domain.ts"
import { TickReceivers } from "../src/supervision/TickReceiver.ts"
import * as Thunderline from "../src/Thunderline.ts"
import { Outbox } from "../src/trail/Outbox.ts"
import { OutboxIntake } from "../src/trail/OutboxIntake.ts"
import { Repo } from "../src/trail/Repo.ts"
import { RepoWriter } from "../src/trail/RepoWriter.ts"
import { TrailReports } from "../src/trail/TrailReports.ts"
import { TrailStatus } from "../src/trail/TrailStatus.ts"

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
      const reading = [Repo, Outbox, TrailStatus, SystemPubSub, DomainRegistry].map(({ key }) => key)
      const writing = [RepoWriter, OutboxIntake, TrailReports, SystemPublisher, TickIngress, TickReceivers, Transitions]
        .map(({ key }) => key)
      const seen: Record<string, ReadonlyArray<string>> = {}
      const look = (where: string) =>
        Effect.map(Effect.context<never>(), ({ mapUnsafe }) => {
          seen[where] = [...reading, ...writing].filter((name) => mapUnsafe.has(name))
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
