import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Client } from "../../control/Client.ts"
import type { DomainEvent } from "../../model/DomainEvent.ts"
import * as Format from "../../model/Format.ts"
import { News } from "./Model.ts"

/** Where the program is, looked up for each attempt: it may have come back elsewhere. */
export interface Connection {
  readonly url: Effect.Effect<string>
  readonly client: Layer.Layer<Client, unknown>
}

/** The program has ended the stream of events: it shuts down. */
class StreamEnded extends Schema.TaggedError<StreamEnded>()("StreamEnded", {}) {
  override get message() {
    return "it has ended its stream of events"
  }
}

/** How long an answer may take. */
const answerTimeout = Duration.seconds(5)

/** How long after a failure the next attempt is made. */
const pause = Duration.seconds(1)

/** After a transition the domains are read anew, together with those of the transitions that come with it. */
const settle = Duration.millis(100)

/** However quiet it is, the figures and the domains are read so often: health and skipped beats are no transitions. */
const refresh = Duration.seconds(1)

const innermost = (error: unknown): unknown =>
  Predicate.hasProperty(error, "cause") && error.cause !== undefined && error.cause !== null
    ? innermost(error.cause)
    : error

/** Why the program does not answer, as far as that is known: the last of the causes says most. */
export const reasonOf = (error: unknown): string => {
  if (Predicate.isTagged(error, "TimeoutError")) return `nothing came in ${Duration.format(answerTimeout)}`
  if (Predicate.hasProperty(error, "detail") && typeof error.detail === "string") return Format.oneLine(error.detail)
  const last = Predicate.hasProperty(error, "reason") ? innermost(error.reason) : innermost(error)
  if (Predicate.hasProperty(last, "code") && last.code === "ECONNREFUSED") return "nothing listens there"
  return Predicate.hasProperty(last, "message") && typeof last.message === "string"
    ? Format.oneLine(last.message)
    : "unknown"
}

/** Follows the program as long as it answers; ends by failing. */
const session = (post: (news: News) => void) =>
  Effect.gen(function*() {
    const client = yield* Client
    const stats = yield* Effect.timeout(client.system.stats(), answerTimeout)
    const { runId } = stats.run
    const page = (query: { readonly status?: "active"; readonly limit: number }) =>
      client.history.page({ query: { ...query, runId } }).pipe(Effect.timeout(answerTimeout), Effect.result)
    const recent = yield* page({ limit: 200 })
    const boot = yield* page({ status: "active", limit: 1000 })
    const read = (result: typeof recent): ReadonlyArray<DomainEvent> =>
      result._tag === "Success" ? result.success.events : []
    const list = Effect.timeout(client.domains.list({}), answerTimeout)
    post(News.Connected({
      stats,
      boot: read(boot),
      recent: read(recent),
      notice: recent._tag === "Success" ? undefined : `What was before cannot be shown: ${reasonOf(recent.failure)}`
    }))
    post(News.Domains({ list: yield* list }))

    const moved = yield* Queue.sliding<void>(1)
    const lastEventId = read(recent)[0]?.id
    const follow = Effect.gen(function*() {
      const events = yield* client.events.stream({
        headers: {},
        query: lastEventId === undefined ? {} : { lastEventId }
      })
      yield* Stream.runForEach(events, (event) =>
        Effect.sync(() => {
          post(News.Streamed({ event }))
          if (event.event !== "tick") Queue.offerUnsafe(moved, undefined)
        }))
      return yield* new StreamEnded()
    })
    const domains = Effect.gen(function*() {
      yield* Effect.timeoutOption(Queue.take(moved), refresh)
      yield* Effect.sleep(settle)
      yield* Queue.clear(moved)
      post(News.Domains({ list: yield* list }))
    })
    const figures = Effect.gen(function*() {
      yield* Effect.sleep(refresh)
      post(News.Stats({ stats: yield* Effect.timeout(client.system.stats(), answerTimeout) }))
    })
    return yield* Effect.all([follow, Effect.forever(domains), Effect.forever(figures)], {
      concurrency: "unbounded",
      discard: true
    })
  })

/** Posts what comes from the program, for ever: when it does not answer, it says so and tries again. */
export const run = ({ client, url }: Connection, post: (news: News) => void): Effect.Effect<never> =>
  Effect.flatMap(url, (url) => Effect.sync(() => post(News.Connecting({ url })))).pipe(
    Effect.andThen(Effect.provide(session(post), client)),
    Effect.catch((error) => Effect.sync(() => post(News.Lost({ detail: reasonOf(error) })))),
    Effect.andThen(Effect.sleep(pause)),
    Effect.forever
  )

/** Reads a domain's transitions for its story. */
export const transitions = ({ client }: Connection, domain: string, post: (news: News) => void): Effect.Effect<void> =>
  Client.use(({ history }) => history.page({ query: { domain, limit: 200 } })).pipe(
    Effect.timeout(answerTimeout),
    Effect.provide(client),
    Effect.match({
      onSuccess: ({ events }) => post(News.StoryRead({ domain, transitions: events })),
      onFailure: (error) => post(News.StoryUnread({ domain, problem: reasonOf(error) }))
    })
  )
