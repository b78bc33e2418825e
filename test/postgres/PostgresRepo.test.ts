import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { layerMemory, memoryCapacity, Repo } from "../../src/trail/Repo.ts"
import { makeEvent, suite } from "../trail/RepoContract.ts"

suite("The trail in memory", layerMemory)

describe("The trail in memory", () => {
  it.effect("forgets the oldest transitions rather than grow without end", () =>
    Effect.gen(function*() {
      const repo = yield* Repo
      const all = Array.from({ length: memoryCapacity + 1 }, () => makeEvent())
      yield* repo.record(all)
      const page = yield* repo.events({ order: "oldest", limit: 1 })
      expect(page.events).toEqual([all[1]])
    }).pipe(Effect.provide(layerMemory)))
})
