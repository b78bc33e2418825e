import { assert, describe, it } from "@effect/vitest"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { expectTypeOf } from "vitest"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import { SystemPubSub } from "../../src/heartbeat/SystemPubSub.ts"
import { TickGenerator } from "../../src/heartbeat/TickGenerator.ts"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import { DomainHandles } from "../../src/model/DomainHandle.ts"
import { Escalation } from "../../src/model/Escalation.ts"
import { Health } from "../../src/supervision/Health.ts"
import { TickDispatcher } from "../../src/supervision/TickDispatcher.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import { CurrentRun } from "../../src/trail/CurrentRun.ts"
import { Outbox } from "../../src/trail/Outbox.ts"
import { Repo } from "../../src/trail/Repo.ts"
import { RunLease } from "../../src/trail/RunLease.ts"
import { TrailStatus } from "../../src/trail/TrailStatus.ts"

const services = {
  CurrentRun,
  DomainControl,
  DomainHandles,
  DomainRegistry,
  Escalation,
  Health,
  Outbox,
  Repo,
  RunLease,
  SystemPubSub,
  TickDispatcher,
  TickGenerator,
  TrailStatus
}

type IdentifierOf<Key> = Key extends Context.Key<infer Identifier, any> ? Identifier : never

describe("the infrastructure services", () => {
  it("are all listed here", () => {
    expectTypeOf<IdentifierOf<typeof services[keyof typeof services]>>().toEqualTypeOf<Thunderline.Infrastructure>()
  })

  it.effect.each(Object.entries<Context.Key<any, any>>(services))(
    "%s is there in a domain's layer, worker and onTick, and in the app",
    ([_, tag]) =>
      Effect.gen(function*() {
        const seen: Array<[string, unknown]> = []
        const done = Deferred.makeUnsafe<void>()
        const see = (where: string) => Effect.map(tag, (service) => void seen.push([where, service]))
        const domain = Domain.make("reader", {
          layer: Layer.effectDiscard(see("layer")),
          workers: { see: see("worker") },
          onTick: () => Effect.andThen(see("onTick"), Deferred.succeed(done, undefined))
        })
        const main = Thunderline.layer({ domains: [domain] }) as Layer.Layer<any, Thunderline.StartError>
        yield* Effect.gen(function*() {
          yield* TestClock.adjust("2 seconds")
          yield* Deferred.await(done)
          yield* see("app")
          assert.deepStrictEqual(seen.map(([where]) => where).sort(), ["app", "layer", "onTick", "worker"])
          assert.strictEqual(new Set(seen.map(([_, service]) => service)).size, 1)
        }).pipe(Effect.provide(main))
      })
  )
})
