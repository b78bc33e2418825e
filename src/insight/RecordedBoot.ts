/**
 * Analyses the start of a run from the trail. Use it in a program or in a test to see where the time of the last start went.
 * The command line shows it as `thunderline analyze boot`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { MemoryRepo, RecordedBoot } from "thunderline"
 *
 * const program = RecordedBoot.read().pipe(
 *   Effect.flatMap((analysis) => Effect.log(`The start took ${analysis.totalMs} ms`)),
 *   Effect.provide(MemoryRepo.layer)
 * )
 * ```
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { latestRun } from "../trail/LatestRun.ts"
import { Repo, type RepoError } from "../trail/Repo.ts"
import { analyse, type BootAnalysis } from "./BootAnalysis.ts"

/** The trail has no boot of that run, or of any run if none was named. */
export class BootNotRecorded extends Schema.TaggedError<BootNotRecorded>()("BootNotRecorded", {
  runId: Schema.NullOr(Schema.String)
}) {
  override get message() {
    return this.runId === null
      ? "The trail holds no run yet in which a domain came up"
      : `The trail holds no boot of a run ${this.runId}`
  }
}

/** How many transitions of a run are read. */
const readAtMost = 10_000

/** The first transitions of a run, oldest first. */
const eventsOf = (runId: string) =>
  Repo.use((repo) => Stream.runCollect(Stream.take(repo.stream({ runId, order: "oldest" }), readAtMost)))

/** Analyses the start of a run (default: the latest) from its first 10,000 transitions. */
export const read = Effect.fn("RecordedBoot.read")(function*(
  given?: string
): Effect.fn.Return<BootAnalysis, BootNotRecorded | RepoError, Repo> {
  const runId = given ?? Option.getOrUndefined(yield* latestRun)
  const analysis = runId === undefined ? Option.none() : analyse(yield* eventsOf(runId))
  return Option.isSome(analysis) ? analysis.value : yield* new BootNotRecorded({ runId: runId ?? null })
})
