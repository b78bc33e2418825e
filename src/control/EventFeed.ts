import { isReadonlyArrayNonEmpty as isNonEmpty } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { DomainRegistry } from "../heartbeat/DomainRegistry.ts"
import { SystemPubSub } from "../heartbeat/SystemPubSub.ts"
import type { DomainEvent } from "../model/DomainEvent.ts"
import { Tick } from "../model/Tick.ts"
import * as Loop from "../telemetry/Loop.ts"
import { CurrentRun } from "../trail/CurrentRun.ts"
import { Outbox } from "../trail/Outbox.ts"
import { Repo } from "../trail/Repo.ts"
import { Unavailable } from "./Problem.ts"
import * as StreamQueue from "./StreamQueue.ts"

/**
 * The server's side of the live stream of ticks and transitions, encoded once for all clients. Each client has a bounded
 * queue: one that reads too slowly loses the oldest and is told how many; nobody else notices.
 */
export class EventFeed extends Context.Service<EventFeed, {
  /** Server-sent events; fails when as many follow as may. */
  readonly follow: (options: StreamQueue.FollowOptions) => Effect.Effect<Stream.Stream<Uint8Array>, Unavailable>
  readonly followers: () => number
  /** Ends all streams, and refuses those that are asked for from now on. */
  readonly end: Effect.Effect<void>
}>()("thunderline/control/EventFeed") {}

/** How much is kept for clients; everything has a default. */
export interface EventFeedOptions {
  /** The most transitions that wait for one client (default 4,096); beyond that the oldest are dropped. */
  readonly buffer?: number | undefined
  /** The most clients that follow at once (default 256). */
  readonly followers?: number | undefined
}

/** The longest silence on a stream, after which a comment keeps it open. */
const heartbeat = "15 seconds"

/** The most transitions that are read from the trail for a client that comes back. */
const resumeLimit = 10_000

/** How long the trail may take for a page of them. */
const pageTimeout = "10 seconds"

/** What all clients share. */
interface Feed {
  readonly capacity: number
  readonly queues: Set<StreamQueue.StreamQueue>
  /** The newest transitions, at most `capacity`. */
  readonly recent: Array<DomainEvent>
  phase: "open" | "ended"
}

/** What waits for a client, or waits with it; ends when the feed has ended and nothing is left. */
const pull = (
  feed: Feed,
  queue: StreamQueue.StreamQueue
): Effect.Effect<readonly [Uint8Array, ...Array<Uint8Array>], Cause.Done> =>
  Effect.suspend(() => {
    const taken = StreamQueue.take(queue)
    if (isNonEmpty(taken)) return Effect.succeed(taken)
    if (queue.batches.length > 0) return pull(feed, queue)
    if (feed.phase === "ended") return Cause.done()
    return Effect.andThen(
      Effect.callback<void>((resume) => {
        queue.wake = () => resume(Effect.void)
        return Effect.sync(() => void (queue.wake = () => {}))
      }),
      pull(feed, queue)
    )
  })

const trailGap = (detail: string) => Stream.succeed(StreamQueue.gapFrame({ reason: "trail", missed: null, detail }))

/** What came after a transition, from memory; `undefined` when that transition is not in memory any more. */
const fromMemory = (feed: Feed, queue: StreamQueue.StreamQueue, after: string) => {
  const index = feed.recent.findIndex(({ id }) => id === after)
  if (index < 0) return undefined
  const events = feed.recent.slice(index + 1)
  StreamQueue.skipTo(queue, events.at(-1)?.id ?? after)
  const wanted = StreamQueue.filter(queue, events)
  return wanted.length === 0 ? Stream.empty : Stream.succeed(StreamQueue.frames(wanted))
}

/** What came after a transition, read from the trail page by page as fast as the client takes it. */
const fromTrail = Effect.fnUntraced(function*(
  queue: StreamQueue.StreamQueue,
  after: string,
  { domain, status }: StreamQueue.FollowOptions
) {
  const repo = yield* Repo
  yield* Outbox.use((outbox) => Effect.timeoutOption(outbox.flush, "1 second"))
  let read = 0
  const pages = repo.stream({ domain, status, after, order: "oldest" }).pipe(
    Stream.take(resumeLimit),
    Stream.mapArray((events) => {
      read += events.length
      StreamQueue.skipTo(queue, events.at(-1)!.id)
      return [StreamQueue.frames(events)] as const
    }),
    Stream.timeoutOrElse({
      duration: pageTimeout,
      orElse: () => trailGap(`The trail did not answer in ${pageTimeout}`)
    }),
    Stream.catch(({ message }) => trailGap(message))
  )
  const rest = Stream.suspend(() =>
    read < resumeLimit
      ? Stream.empty
      : trailGap(`More than ${resumeLimit} transitions since then: read the rest as history`)
  )
  return Stream.concat(pages, rest)
})

/** Hands transitions, ticks and comments to all queues until the scope closes. */
const distribute = Effect.fnUntraced(function*(feed: Feed) {
  const pubsub = yield* SystemPubSub
  const encodeTick = Schema.encodeSync(Tick)
  const events = yield* pubsub.subscribe("system:domain_event")
  const ticks = yield* pubsub.subscribe("system:domain_tick")
  const takeEvents = PubSub.takeBetween(events, 1, 256).pipe(
    Effect.map((envelopes) => {
      const batch = new StreamQueue.Batch(envelopes.map(({ payload }) => payload))
      feed.recent.push(...batch.events)
      if (feed.recent.length > feed.capacity) feed.recent.splice(0, feed.recent.length - feed.capacity)
      for (const queue of feed.queues) StreamQueue.offer(queue, batch, feed.capacity)
    }),
    // Everything else has its turn between two batches, the heartbeat first of all.
    Effect.andThen(Effect.yieldNow)
  )
  const takeTick = Effect.map(PubSub.take(ticks), ({ payload }) => {
    if (feed.queues.size === 0) return
    const bytes = StreamQueue.tickFrame(encodeTick(payload))
    for (const queue of feed.queues) StreamQueue.offerTick(queue, bytes)
  })
  const keepOpen = Effect.map(Effect.sleep(heartbeat), () => {
    for (const queue of feed.queues) StreamQueue.keepOpen(queue)
  })
  yield* Loop.supervised("stream-events", Effect.forever(takeEvents))
  yield* Loop.supervised("stream-ticks", Effect.forever(takeTick))
  yield* Loop.supervised("stream-comments", Effect.forever(keepOpen))
})

const make = Effect.fnUntraced(function*(options: EventFeedOptions | undefined) {
  const most = options?.followers ?? 256
  const { app, node, runId, version } = yield* CurrentRun
  const registry = yield* DomainRegistry
  const trail = yield* Effect.context<Outbox | Repo>()
  const feed: Feed = { capacity: options?.buffer ?? 4096, queues: new Set(), recent: [], phase: "open" }

  const register = (options: StreamQueue.FollowOptions) =>
    Effect.acquireRelease(
      Effect.map(registry.currentTick, (tick) => {
        const queue = StreamQueue.make(options, { runId, node, app, version, tick })
        feed.queues.add(queue)
        return queue
      }),
      (queue) => Effect.sync(() => feed.queues.delete(queue))
    )

  const follow = Effect.fnUntraced(function*(options: StreamQueue.FollowOptions) {
    if (feed.phase === "ended") return yield* new Unavailable({ detail: "The program is shutting down" })
    if (feed.queues.size >= most) {
      return yield* new Unavailable({ detail: `${most} clients follow the stream, which is the most allowed` })
    }
    return Stream.unwrap(Effect.map(register(options), (queue) => {
      const live = Stream.fromPull(Effect.succeed(pull(feed, queue)))
      const { after } = options
      if (after === undefined) return live
      const past = Stream.suspend(() =>
        fromMemory(feed, queue, after) ?? Stream.unwrap(fromTrail(queue, after, options))
      )
      const greeting = Stream.fromArray(queue.first.splice(0))
      return greeting.pipe(Stream.concat(past), Stream.concat(live), Stream.provideContext(trail))
    }))
  })

  yield* distribute(feed)
  const end = Effect.sync(() => {
    feed.phase = "ended"
    for (const queue of feed.queues) queue.wake()
  })
  yield* Effect.addFinalizer(() => end)
  return EventFeed.of({ follow, followers: () => feed.queues.size, end })
})

/** The feed, over the bus and the trail. */
export const layer = (
  options?: EventFeedOptions
): Layer.Layer<EventFeed, never, CurrentRun | DomainRegistry | Outbox | Repo | SystemPubSub> =>
  Layer.effect(EventFeed, make(options))
