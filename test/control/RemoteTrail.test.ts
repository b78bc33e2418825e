import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ApiClient from "../../src/control/ApiClient.ts"
import { Client } from "../../src/control/Client.ts"
import * as RemoteTrail from "../../src/control/RemoteTrail.ts"
import * as Domain from "../../src/model/Domain.ts"
import { type EventQuery, Repo } from "../../src/trail/Repo.ts"
import { awaitStates, tick, trail } from "../support/app.ts"
import { served } from "./support.ts"

const store = Domain.make("store", { layer: Layer.empty })
const shop = Domain.make("shop", { dependsOn: [store], layer: Layer.empty })

const both = Effect.gen(function*() {
  const client = yield* Client
  const { trail } = yield* client.system.stats()
  return { repo: yield* Repo, remote: RemoteTrail.make(client, trail) }
})

describe("the trail of a running program", () => {
  it.live("is through the control plane what it is in the program", () =>
    Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ store: "active", shop: "active" })
      const [first, ...rest] = yield* trail
      const { remote, repo } = yield* both
      assert.deepStrictEqual([remote.backend, remote.durable], [repo.backend, repo.durable])
      const queries: ReadonlyArray<EventQuery> = [
        {},
        { order: "oldest", limit: 2 },
        { domain: "shop" },
        { status: "active", domain: undefined },
        { runId: first!.runId, fromTick: 1, toTick: 2 },
        { toTick: 1 },
        { since: first!.occurredAt, until: DateTime.add(rest.at(-1)!.occurredAt, { milliseconds: 1 }) },
        { until: first!.occurredAt }
      ]
      for (const query of queries) assert.deepStrictEqual(yield* remote.events(query), yield* repo.events(query))
      const page = yield* remote.events({ limit: 3 })
      const next = { limit: 3, cursor: Option.getOrThrow(page.next) }
      assert.deepStrictEqual((yield* remote.events(next)).events, (yield* repo.events(next)).events)
      assert.deepStrictEqual(
        yield* Stream.runCollect(remote.stream({ order: "oldest", after: first!.id, pageSize: 1 })),
        rest
      )
      assert.deepStrictEqual(yield* remote.listDomains, yield* repo.listDomains)
      assert.deepStrictEqual(yield* remote.listActive, yield* repo.listActive)
      assert.deepStrictEqual(yield* remote.activationHistory(1), yield* repo.activationHistory(1))
      assert.deepStrictEqual(yield* remote.runs(1), yield* repo.runs(1))
      for (const name of ["shop", "nothing"]) {
        assert.deepStrictEqual(yield* remote.byDomainName(name), yield* repo.byDomainName(name))
      }
      const refused = yield* Effect.flip(remote.events({ cursor: "abc" }))
      assert.containsSubset(refused, { _tag: "InvalidCursor", cursor: "abc" })
    }).pipe(Effect.provide(served([store, shop]))))

  it.live("is unavailable when the program does not answer, with the reason", () =>
    Effect.gen(function*() {
      const client = yield* ApiClient.make({ url: "http://127.0.0.1:1" })
      const remote = RemoteTrail.make(client, { backend: "memory", durable: false })
      assert.containsSubset(yield* Effect.flip(remote.events({})), {
        _tag: "RepoUnavailable",
        operation: "Repo.events"
      })
      assert.containsSubset(yield* Effect.flip(remote.runs()), { _tag: "RepoUnavailable", operation: "Repo.runs" })
    }))
})
