import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { DomainEvent } from "../model/DomainEvent.ts"
import type { StatusName } from "../model/DomainStatus.ts"
import type { Database } from "../postgres/Database.ts"
import * as EventCursor from "../trail/EventCursor.ts"
import { Repo } from "../trail/Repo.ts"
import * as Trail from "./Trail.ts"

/** What is followed: transitions after one that is known (by id; left out: all there are), and which of them. */
export interface FeedQuery {
  readonly after?: string | undefined
  readonly domain?: string | undefined
  readonly status?: StatusName | undefined
  readonly runId?: string | undefined
}

/**
 * Where `events --follow` hears of transitions: oldest first, none twice. The stream goes on while nothing happens, and
 * while its source is away.
 */
export class EventFeed extends Context.Service<EventFeed, {
  readonly follow: (database: Database, query: FeedQuery) => Stream.Stream<DomainEvent, unknown>
}>()("thunderline/cli/EventFeed") {}

/** How often the trail is looked at. */
const pause = "250 millis"

/** After so many looks the trail is let go of for a moment: an embedded server may be waiting for its program. */
const looks = 8

const pollTrail = (database: Database, query: FeedQuery) =>
  Stream.callback<DomainEvent, unknown>((queue) => {
    let { after } = query
    const look = Effect.gen(function*() {
      const repo = yield* Repo
      let more = true
      while (more) {
        const cursor = after === undefined ? undefined : EventCursor.encode(after, "oldest")
        const page = yield* repo.events({ ...query, order: "oldest", limit: 1000, cursor })
        after = page.events.at(-1)?.id ?? after
        yield* Queue.offerAll(queue, page.events)
        more = Option.isSome(page.next)
      }
    })
    const session = Trail.read(database, Effect.repeat(Effect.delay(look, pause), { times: looks }))
    return session.pipe(
      Effect.catchIf(isAway, () => Effect.void),
      Effect.andThen(Effect.sleep(pause)),
      Effect.forever,
      Effect.catchCause((cause) => Effect.asVoid(Queue.failCause(queue, cause as Cause.Cause<unknown>)))
    )
  })

/** A server that is starting, ending or restarting is waited for. */
const away = new Set(["RepoUnavailable", "DatabaseUnreachable", "StateFolderInUse"])
const isAway = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && away.has(String(error._tag))

/** Looks at the trail four times a second. */
export const layerTrail: Layer.Layer<EventFeed> = Layer.succeed(EventFeed, { follow: pollTrail })
