import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Repo, type RepoError } from "./Repo.ts"

/** The id of the newest run that has moved a domain: what queries mean when no run is named. */
export const latestRun: Effect.Effect<Option.Option<string>, RepoError, Repo> = Repo.use((repo) =>
  repo.events({ limit: 1 })
).pipe(
  Effect.catchTag("InvalidCursor", Effect.die),
  Effect.map(({ events }) => Option.map(Option.fromUndefinedOr(events[0]), (event) => event.runId))
)
