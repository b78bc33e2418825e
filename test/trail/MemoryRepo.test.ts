import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as RepoContract from "../../src/testing/RepoContract.ts"
import { makeEvent, trail } from "../../src/testing/TrailSamples.ts"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"

RepoContract.suite("The trail in memory", MemoryRepo.layer, { describe, it })

describe("The trail in memory", () => {
  it.effect("drops the oldest transitions rather than grow without end", () =>
    Effect.gen(function*() {
      const repo = yield* trail
      const all = Array.from({ length: MemoryRepo.capacity + 1 }, () => makeEvent())
      yield* repo.record(all)
      const page = yield* repo.events({ order: "oldest", limit: 1 })
      assert.deepStrictEqual(page.events, [all[1]])
    }).pipe(Effect.provide(MemoryRepo.layer)))

  it.effect("says that it does not outlive the program", () =>
    Effect.gen(function*() {
      assert.containsSubset(yield* trail, { backend: "memory", durable: false })
    }).pipe(Effect.provide(MemoryRepo.layer)))
})
