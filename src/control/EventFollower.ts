/**
 * The client's side of the live stream: connects, resumes behind the last transition heard, tells or fills gaps, notices a
 * dead connection, and connects again with a back-off. Use it to hear every transition of a running program, in Node or in
 * the browser. For a view of the whole program use `ProgramFeed`.
 *
 * @example
 * ```ts
 * import { Console, Effect } from "effect"
 * import { Client, EventFollower } from "thunderline/control"
 *
 * const printTransitions = EventFollower.follow({
 *   client: Client.make({ url: "http://127.0.0.1:4747" }),
 *   query: { ticks: "false" },
 *   heard: (events) => Effect.forEach(events, ({ data, event }) => Console.log(event, data), { discard: true })
 * })
 * ```
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Backoff from "../model/Backoff.ts"
import type { DomainEvent } from "../model/DomainEvent.ts"
import type { Client } from "./Client.ts"
import * as Format from "./Format.ts"
import type { StreamEvent } from "./StreamEvent.ts"

/** How long any answer may take. */
export const answerTimeout = Duration.seconds(5)

/** The pauses between attempts: from half a second to five seconds. */
const defaultBackoff = Backoff.schedule({ from: "500 millis", to: "5 seconds" })

/** The program has ended the stream: it shuts down. */
class StreamEnded extends Schema.TaggedError<StreamEnded>()("StreamEnded", {}) {
  override get message() {
    return "it has ended its stream of events"
  }
}

/** A gap that is filled by connecting again, behind the last transition heard. */
class GapToFill extends Schema.TaggedError<GapToFill>()("GapToFill", {}) {}

/** Which events: of one domain, into one state, with or without ticks. */
export type Query = Parameters<Client["Service"]["events"]["stream"]>[0]["query"]

/** What is followed, and who hears of it. Only a failure of `away` ends it. */
export interface FollowOptions<E = never, R = never> {
  /** Makes a client for each connection: the program may have come back elsewhere, or with another token. */
  readonly client: Effect.Effect<Client["Service"], unknown, R>
  /** Which events (default: all). */
  readonly query?: Query | undefined
  /** Begin behind this transition (default: with what happens from now on). */
  readonly after?: string | undefined
  /**
   * `tell` passes gaps on. `fill` reads what was missed by connecting again behind the last transition heard, as long as
   * that makes progress, and passes on only gaps that stay (default `tell`).
   */
  readonly gaps?: "tell" | "fill" | undefined
  /** Takes events as they come; the next are taken from the stream when it returns. */
  readonly heard: (events: ReadonlyArray<StreamEvent>) => Effect.Effect<void, never, R>
  /**
   * Runs beside each connection from its first event on; its failure ends the connection (default: asks for the tick
   * every five seconds, so that a dead connection is noticed).
   */
  readonly beside?: ((client: Client["Service"]) => Effect.Effect<never, unknown, R>) | undefined
  /** Hears that there is no connection, why, and in how many milliseconds the next attempt is made. */
  readonly lost?: ((error: unknown, pause: number) => Effect.Effect<void, never, R>) | undefined
  /** Another source, read once between two attempts: transitions after the last one heard. */
  readonly away?: ((after: string | undefined) => Stream.Stream<DomainEvent, E, R>) | undefined
  /** The pauses between attempts (default: from 0.5 to 5 seconds). They start over with each connection. */
  readonly backoff?: Schedule.Schedule<unknown> | undefined
  /** Ends a pause early. Where it is given, a missing or wrong token is not tried again before it. */
  readonly wake?: Effect.Effect<void, never, R> | undefined
}

/** The token is missing or wrong. */
export const isUnauthorized = Predicate.isTagged("Unauthorized")

const innermost = (error: unknown): unknown =>
  Predicate.hasProperty(error, "cause") && error.cause !== undefined && error.cause !== null
    ? innermost(error.cause)
    : error

/** Why the program does not answer: the innermost cause says most. */
export const reasonOf = (error: unknown): string => {
  if (Predicate.isTagged(error, "TimeoutError")) {
    return `no answer in ${Format.duration(Duration.toMillis(answerTimeout))}`
  }
  if (Predicate.hasProperty(error, "detail") && typeof error.detail === "string") return Format.oneLine(error.detail)
  const last = innermost(Predicate.hasProperty(error, "reason") ? error.reason : error)
  if (Predicate.hasProperty(last, "code") && last.code === "ECONNREFUSED") return "nothing listens there"
  return Predicate.hasProperty(last, "message") && typeof last.message === "string" && last.message !== ""
    ? Format.oneLine(last.message)
    : "unknown"
}

const askForTick = (client: Client["Service"]) =>
  Effect.forever(Effect.andThen(
    Effect.sleep(answerTimeout),
    Effect.timeout(client.system.tick(), answerTimeout)
  ))

/** Follows the program for ever; fails only as `away` does. */
export const follow = Effect.fnUntraced(function*<E = never, R = never>(
  options: FollowOptions<E, R>
): Effect.fn.Return<never, E, R> {
  const { backoff = defaultBackoff, beside = askForTick, gaps = "tell", heard, query = {} } = options
  const clock = yield* Clock.Clock
  let { after } = options
  let step: Effect.Success<ReturnType<typeof Schedule.toStep<unknown, unknown, never, never>>> | undefined

  const take = Effect.fnUntraced(function*(events: ReadonlyArray<StreamEvent>, resumed: string | undefined) {
    step = undefined
    const gap = gaps === "fill" ? events.findIndex(({ event }) => event === "gap") : -1
    const before = gap < 0 ? events : events.slice(0, gap)
    yield* heard(before)
    after = before.findLast(({ event }) => event === "domain")?.id ?? after
    if (gap < 0) return
    if (after !== resumed) return yield* new GapToFill()
    yield* heard(events.slice(gap))
    after = events.findLast(({ event }) => event === "domain")?.id ?? after
  })

  const connection = Effect.gen(function*() {
    const client = yield* options.client
    const resumed = after
    const headers = { "last-event-id": after }
    const stream = yield* Effect.timeout(client.events.stream({ headers, query }), answerTimeout)
    const begun = yield* Deferred.make<void>()
    const listen = Stream.runForEachArray(
      stream,
      // Not interrupted in the middle: the place to resume from is that of the last transition heard.
      (events) => Effect.uninterruptible(Effect.andThen(take(events, resumed), Deferred.succeed(begun, undefined)))
    )
    return yield* Effect.raceFirst(
      Effect.andThen(listen, Effect.fail(new StreamEnded())),
      Effect.andThen(Effect.timeout(Deferred.await(begun), answerTimeout), beside(client))
    )
  })

  while (true) {
    const error = yield* Effect.flip(connection)
    if (error instanceof GapToFill) continue
    step ??= yield* Schedule.toStep(backoff)
    const [, delay] = yield* Effect.orDie(step(clock.currentTimeMillisUnsafe(), undefined))
    const pause = Duration.toMillis(delay)
    yield* options.lost?.(error, pause) ?? Effect.void
    if (options.away !== undefined) {
      yield* Stream.runForEachArray(options.away(after), (events) => {
        after = events.at(-1)!.id
        return heard(events.map((data) => ({ id: data.id, event: "domain", data })))
      })
    }
    if (options.wake === undefined) yield* Effect.sleep(pause)
    else yield* isUnauthorized(error) ? options.wake : Effect.timeoutOption(options.wake, pause)
  }
})
