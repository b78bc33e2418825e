import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as EventFollower from "../control/EventFollower.ts"
import type { DomainEvent } from "../model/DomainEvent.ts"
import { Repo, type StreamQuery } from "../trail/Repo.ts"
import * as RunningProgram from "./RunningProgram.ts"
import * as Output from "./text/Output.ts"
import * as Trail from "./Trail.ts"
import * as TrailReading from "./TrailReading.ts"

/** Which transitions are followed: everything given must hold. `after` is the last one that is known. */
export type FollowQuery = Pick<StreamQuery, "after" | "domain" | "runId" | "status">

/** All transitions are behind this id. */
const beginning = "00000000-0000-0000-0000-000000000000"

/** The pause between two looks at the trail, and between two attempts to reach the program. */
const pause = "250 millis"

/** After so many looks without news the trail is let go: an embedded server may be waiting for its program. */
const looks = 8

/** A server that is starting, ending or restarting, or a program that does not answer yet, is waited for. */
const isAway = (error: unknown): boolean =>
  ["RepoUnavailable", "DatabaseUnreachable", "StateFolderInUse", "TrailElsewhere"].some((tag) =>
    Predicate.isTagged(error, tag)
  )

/** The next transitions in the trail, or none if none come for a while. */
const fromTrail = (place: TrailReading.Place, query: FollowQuery) => {
  const look = Repo.use((repo) => Stream.runCollect(Stream.take(repo.stream({ ...query, order: "oldest" }), 1_000)))
  const news = Effect.repeat(Effect.delay(look, pause), { until: (events) => events.length > 0, times: looks - 1 })
  return Stream.fromIterableEffect(Effect.catchIf(
    Trail.read(place, news),
    isAway,
    () => Effect.succeed<ReadonlyArray<DomainEvent>>([])
  ))
}

/** Follows transitions for ever, oldest first and none twice: of the running program, and of the trail without one. */
export const follow = Effect.fnUntraced(function*(
  place: TrailReading.Place,
  { after = beginning, domain, runId, status }: FollowQuery,
  print: (event: DomainEvent) => Effect.Effect<void>
) {
  let program = ""
  let followed = ""
  const tell = (source: string) =>
    Effect.suspend(() => source === followed ? Effect.void : Output.tell(`Following ${followed = source}`))

  return yield* EventFollower.follow({
    client: Effect.gen(function*() {
      program = yield* Effect.fromOption(yield* TrailReading.program(place))
      return yield* RunningProgram.client(place)
    }),
    after,
    query: { domain, status, ticks: "false" },
    gaps: "fill",
    backoff: Schedule.spaced(pause),
    heard: (events) =>
      Effect.forEach(events, ({ data, event }) => {
        if (event === "hello") return tell(`the running program at ${program}`)
        if (event === "gap") return Output.tell(data.detail)
        const wanted = event === "domain" && (runId === undefined || data.runId === runId)
        return wanted ? print(data) : Effect.void
      }, { discard: true }),
    away: (after) =>
      Stream.concat(
        Stream.fromEffectDrain(tell(`the trail: ${TrailReading.describe(place)}`)),
        fromTrail(place, { after, domain, runId, status })
      )
  })
})
