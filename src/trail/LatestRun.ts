import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Repo, type RepoError } from "./Repo.ts"

/** The id of the run that made the newest transition: what queries mean when no run is named. */
export const latestRun: Effect.Effect<Option.Option<string>, RepoError, Repo> = Repo.use((repo) =>
  Stream.runHead(repo.stream({ pageSize: 1 }))
).pipe(Effect.map(Option.map((event) => event.runId)))
