import * as Effect from "effect/Effect"
import { Repo } from "../../src/trail/Repo.ts"
import { RepoWriter } from "../../src/trail/RepoWriter.ts"

/** Both sides of the trail as one. */
export const wholeTrail = Effect.zipWith(Repo, RepoWriter, (repo, writer) => ({ ...repo, ...writer }))
