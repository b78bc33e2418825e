/**
 * The contract of a backend of the trail, as tests. Use it to test a backend of your own. It takes the functions of the test
 * runner, so it works with Vitest, Jest, `node:test` and others.
 */
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Repo } from "../trail/Repo.ts"
import type { RepoWriter } from "../trail/RepoWriter.ts"
import * as ContractRunner from "./ContractRunner.ts"
import * as EventLaws from "./EventLaws.ts"
import * as ProjectionLaws from "./ProjectionLaws.ts"
import * as RunLaws from "./RunLaws.ts"

const laws: Readonly<Record<string, Effect.Effect<void, unknown, Repo | RepoWriter>>> = {
  ...EventLaws.laws,
  ...ProjectionLaws.laws,
  ...RunLaws.laws
}

/**
 * Tests a backend. The layer is built once for all tests. It may hold other rows, but no other program may claim runs on it
 * meanwhile.
 *
 * @example
 * ```ts
 * import { MemoryRepo } from "thunderline"
 * import { RepoContract } from "thunderline/testing"
 * import { describe, it } from "vitest"
 *
 * RepoContract.suite("the trail in memory", MemoryRepo.layer, { describe, it })
 * ```
 */
export const suite = <E>(
  name: string,
  layer: Layer.Layer<Repo | RepoWriter, E>,
  runner: ContractRunner.Runner
): void => ContractRunner.run(name, layer, laws, runner)
