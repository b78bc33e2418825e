/**
 * Brings the news of a running program to a `ProgramView`: the live stream, and what has no event of its own: figures,
 * health, blockades, the past. Use it for a live display, in Node or in the browser. For one look use `Client`.
 *
 * @example
 * ```ts
 * import { Clock, Effect } from "effect"
 * import { Client, ProgramFeed, ProgramView } from "thunderline/control"
 *
 * const watch = Effect.gen(function*() {
 *   const clock = yield* Clock.Clock
 *   let view = ProgramView.initial
 *   yield* ProgramFeed.run({ client: Client.make({ url: "http://127.0.0.1:4747" }) }, (news) => {
 *     view = ProgramView.update(view, news, clock.currentTimeMillisUnsafe())
 *   })
 * })
 * ```
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import type { Client } from "./Client.ts"
import * as EventFollower from "./EventFollower.ts"
import { News } from "./ProgramView.ts"
import * as RemoteTrail from "./RemoteTrail.ts"

/** Where the program is, and what ends a pause between two attempts early. */
export type FeedOptions<R = never> = Pick<EventFollower.FollowOptions<never, R>, "client" | "wake">

/** How soon after a transition the list of domains is read again, and how often at least, in milliseconds. */
const paceOf = (domains: number) => domains <= 200 ? { settle: 200, refresh: 1_000 } : { settle: 1_000, refresh: 5_000 }

/** How often the figures are read. */
const statsEvery = Duration.seconds(1)

/** How long the trail may take, and when it is tried again. */
const pastTimeout = Duration.seconds(20)
const pastAgain = Duration.seconds(5)

/** How many of a run's first transitions are read for its first activations, for each domain. */
const transitionsOfEach = 10

const read = <A, E>(answer: Effect.Effect<A, E>) => Effect.timeout(answer, EventFollower.answerTimeout)

/** Reads the newest page of the trail, and the first transitions of the run. */
const readPast = Effect.fnUntraced(function*(
  client: Client["Service"],
  runId: string,
  domains: number,
  post: (news: News) => void
) {
  const { events, next } = yield* client.history.page({ query: { limit: 200 } })
  post(News.Past({ events, older: next }))
  yield* RemoteTrail.stream(client, { runId, order: "oldest" }).pipe(
    Stream.take(transitionsOfEach * domains),
    Stream.runForEachArray((events) => Effect.sync(() => post(News.Activated({ events }))))
  )
})

/** Posts what comes from the program, for ever: while it does not answer, it says so and tries again. */
export const run = Effect.fnUntraced(function*<R>(
  { client, wake }: FeedOptions<R>,
  post: (news: News) => void
): Effect.fn.Return<never, never, R> {
  const changed = yield* Latch.make()
  const unread = yield* Latch.make()
  let runId = ""
  let domains = 0

  const lists = (client: Client["Service"]) =>
    Effect.gen(function*() {
      const list = yield* read(client.domains.list({}))
      domains = list.domains.length
      post(News.Domains({ domains: list.domains }))
      const { refresh, settle } = paceOf(domains)
      yield* Effect.timeoutOption(changed.await, refresh)
      yield* Effect.sleep(settle)
      yield* changed.close
    })

  const figures = (client: Client["Service"]) =>
    Effect.gen(function*() {
      post(News.Stats({ stats: yield* read(client.system.stats()) }))
      yield* Effect.sleep(statsEvery)
    })

  /** The trail may be away while all else is well. */
  const past = (client: Client["Service"]) =>
    Effect.gen(function*() {
      yield* unread.await
      yield* unread.close
      yield* Effect.timeout(readPast(client, runId, Math.max(domains, 200), post), pastTimeout)
    }).pipe(
      Effect.onInterrupt(() => unread.open),
      Effect.catch((error) => {
        post(News.PastUnread({ reason: EventFollower.reasonOf(error) }))
        return Effect.andThen(Effect.sleep(pastAgain), unread.open)
      })
    )

  return yield* EventFollower.follow({
    client,
    wake,
    heard: (events) =>
      Effect.sync(() => {
        post(News.Heard({ events }))
        for (const { data, event } of events) {
          if (event === "domain") changed.openUnsafe()
          else if (event === "gap" || (event === "hello" && data.runId !== runId)) unread.openUnsafe()
          if (event === "hello") runId = data.runId
        }
      }),
    lost: (error, pause) =>
      Effect.sync(() =>
        post(
          EventFollower.isUnauthorized(error)
            ? News.Locked()
            : News.Lost({ reason: EventFollower.reasonOf(error), pause })
        )
      ),
    beside: (client) =>
      Effect.andThen(
        Effect.forEach([lists, figures, past], (loop) => Effect.forever(loop(client)), { concurrency: "unbounded" }),
        Effect.never
      )
  })
})
