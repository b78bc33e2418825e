import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Client } from "../../src/control/Client.ts"
import * as Domain from "../../src/Domain.ts"
import { awaitStates, tick } from "../support/app.ts"
import { ask, bearer, served } from "./support.ts"

const store = Domain.make("store", { layer: Layer.empty })
const shop = Domain.make("shop", { dependsOn: [store], layer: Layer.empty })

describe("the control plane", () => {
  it.live("answers every reading endpoint of the client", () =>
    Effect.gen(function*() {
      const client = yield* Client
      expect(yield* client.health.live()).toMatchObject({ status: "pass" })
      expect(yield* client.health.ready()).toMatchObject({ status: "fail" })
      expect(yield* client.health.startup()).toMatchObject({ status: "fail" })
      yield* tick
      yield* awaitStates({ store: "active", shop: "active" })
      expect(yield* client.health.ready()).toMatchObject({
        status: "pass",
        reason: "All required domains (2) are active."
      })
      expect(yield* client.health.startup()).toMatchObject({ status: "pass" })
      expect(yield* client.system.tick()).toMatchObject({ count: 1, tick: { count: 1 } })
      expect((yield* client.system.stats()).domains).toMatchObject({ total: 2, byStatus: { active: 2 } })
      const { active, domains } = yield* client.domains.list()
      expect([active, domains.map(({ name }) => name)]).toEqual([2, ["store", "shop"]])
      expect(yield* client.domains.get({ params: { name: "shop" } })).toMatchObject({
        dependsOn: ["store"],
        opening: { wave: 1 }
      })
      const page = yield* client.history.page({ query: { limit: 2 } })
      expect(page.events.map(({ domain, to }) => [domain, to])).toEqual([["shop", "active"], ["shop", "activating"]])
      expect(yield* client.metrics.prometheus()).toBeTypeOf("string")
      console.log(yield* ask("/api/v1/domains/nope"))
      console.log(yield* ask("/api/v1/nope"))
      console.log(yield* ask("/api/v1/history?limit=0&stauts=x"))
      console.log(yield* ask("/api/v1/domains/", { method: "DELETE" }))
      console.log(yield* ask("/api/v1/domains/shop/restart", { method: "POST" }))
      console.log(yield* ask("/api/v1/domains/shop/activate", { method: "POST", headers: bearer() }))
      console.log((yield* ask("/openapi.json")).text.slice(0, 300))
      console.log((yield* ask("/docs")).headers)
      console.log(yield* ask("/"))
      console.log(yield* ask("/health/ready"))
    }).pipe(Effect.provide(served([store, shop]))))
})
