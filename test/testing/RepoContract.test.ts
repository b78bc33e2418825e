import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RepoContract from "../../src/testing/RepoContract.ts"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"
import * as Repo from "../../src/trail/Repo.ts"
import { RepoWriter } from "../../src/trail/RepoWriter.ts"

/** Runs the suite with a test runner of three lines, and gives the titles of the tests that fail. */
const failures = (layer: Layer.Layer<Repo.Repo | RepoWriter>) =>
  Effect.promise(async () => {
    const tests: Array<readonly [title: string, body: () => Promise<void>]> = []
    RepoContract.suite("a backend", layer, {
      describe: (_, body) => body(),
      it: (title, body) => tests.push([title, body])
    })
    const failed: Array<string> = []
    for (const [title, body] of tests) await body().catch((error: Error) => failed.push(`${title}: ${error.message}`))
    return { failed, total: tests.length }
  })

/** The memory backend with something wrong with it. */
const broken = (
  wrong: (repo: Repo.Repo["Service"], writer: RepoWriter["Service"]) => {
    readonly repo?: Partial<Repo.Repo["Service"]>
    readonly writer?: Partial<RepoWriter["Service"]>
  }
) =>
  Layer.unwrap(Effect.gen(function*() {
    const repo = yield* Repo.Repo
    const writer = yield* RepoWriter
    const changed = wrong(repo, writer)
    return Layer.merge(
      Layer.succeed(Repo.Repo, Repo.make({ ...repo, ...changed.repo })),
      Layer.succeed(RepoWriter, { ...writer, ...changed.writer })
    )
  })).pipe(Layer.provide(MemoryRepo.layer))

describe("RepoContract", () => {
  it.live("holds for the memory backend, with any test runner", () =>
    Effect.gen(function*() {
      const { failed, total } = yield* failures(MemoryRepo.layer)
      assert.deepStrictEqual(failed, [])
      assert.isAtLeast(total, 25)
    }))

  it.live("finds a backend whose pages repeat their last transition, and shows the smallest example", () =>
    Effect.gen(function*() {
      const repeating = broken((repo) => ({
        repo: {
          events: (query) =>
            Effect.map(repo.events(query), ({ events, next }) => ({
              events: query.cursor === undefined ? events : [...events, ...events.slice(-1)],
              next
            }))
        }
      }))
      const { failed } = yield* failures(repeating)
      assert.strictEqual(failed.length, 1)
      assert.match(failed[0]!, /^gives page by page .*Shrunk input/s)
    }))

  it.live("finds a backend that lets two programs claim the trail", () =>
    Effect.gen(function*() {
      const generous = broken(() => ({ writer: { claimRun: () => Effect.succeed({ renew: Effect.void }) } }))
      const { failed } = yield* failures(generous)
      assert.match(failed.join("\n"), /is claimed by one of eight programs/)
    }))
})
