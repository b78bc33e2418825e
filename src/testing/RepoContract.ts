/**
 * What every backend of the trail does, as tests: use it to test a backend of your own. It takes the functions of the
 * test runner, so that it works with Vitest, Jest, `node:test` and others.
 *
 * @example
 * ```ts
 * import { after, before, describe, it } from "node:test"
 * import { MemoryRepo } from "thunderline"
 * import { RepoContract } from "thunderline/testing"
 *
 * RepoContract.suite("the trail in memory", MemoryRepo.layer, { afterAll: after, beforeAll: before, describe, it })
 * ```
 */
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type { Repo } from "../trail/Repo.ts"
import type { RepoWriter } from "../trail/RepoWriter.ts"
import * as EventLaws from "./EventLaws.ts"
import * as ProjectionLaws from "./ProjectionLaws.ts"
import * as RunLaws from "./RunLaws.ts"

/** The functions of a test runner; `node:test` calls the last two `before` and `after`. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: (title: string, body: () => Promise<void>) => unknown
  readonly beforeAll: (body: () => Promise<void>) => unknown
  readonly afterAll: (body: () => Promise<void>) => unknown
}

const laws: Readonly<Record<string, Effect.Effect<void, unknown, Repo | RepoWriter>>> = {
  ...EventLaws.laws,
  ...ProjectionLaws.laws,
  ...RunLaws.laws
}

/**
 * Tests a backend. The layer is built once for all tests and may hold rows of others, but no other program may claim
 * runs on it meanwhile.
 */
export const suite = <E>(name: string, layer: Layer.Layer<Repo | RepoWriter, E>, runner: Runner): void => {
  runner.describe(name, () => {
    const runtime = ManagedRuntime.make(layer)
    runner.beforeAll(async () => {
      await runtime.context()
    })
    runner.afterAll(() => runtime.dispose())
    for (const [title, law] of Object.entries(laws)) runner.it(title, () => runtime.runPromise(law))
  })
}
