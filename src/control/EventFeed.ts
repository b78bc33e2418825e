import { isReadonlyArrayNonEmpty as isNonEmpty } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { DomainRegistry } from "../heartbeat/DomainRegistry.ts"
import { SystemPubSub } from "../heartbeat/SystemPubSub.ts"
import type { DomainEvent } from "../model/DomainEvent.ts"
import { Tick } from "../model/Tick.ts"
import { CurrentRun } from "../trail/CurrentRun.ts"
import * as EventCursor from "../trail/EventCursor.ts"
import { Outbox } from "../trail/Outbox.ts"
import { type EventPage, Repo } from "../trail/Repo.ts"
import * as Follower from "./Follower.ts"
import { Unavailable } from "./Problem.ts"

/**
 * The live stream of ticks and transitions, encoded once for all who follow it. Each follower has a bounded buffer: one
 * that reads too slowly loses the oldest and is told how many; nobody else notices.
 */
export class EventFeed extends Context.Service<EventFeed, {
  /** Server-sent events; fails when as many follow as may. */
  readonly follow: (options: Follower.FollowOptions) => Effect.Effect<Stream.Stream<Uint8Array>, Unavailable>
  readonly followers: () => number
  /** Ends all streams, and those that are asked for from now on. */
  readonly end: Effect.Effect<void>
}>()("thunderline/control/EventFeed") {}

/** How much is kept for followers; everything has a default. */
export interface EventFeedOptions {
  /** The most transitions that wait for one follower (default 4,096); beyond that the oldest are dropped. */
  readonly buffer?: number | undefined
  /** The most that follow at once (default 256). */
  readonly followers?: number | undefined
}

/** The longest silence on a stream, after which a comment keeps it open. */
const heartbeat = "15 seconds"

/** The most transitions read from the trail for one that comes back, in pages of 1,000. */
const resumePages = 10

const encodeTick = Schema.encodeSync(Tick)

const make = Effect.fnUntraced(function*(options: EventFeedOptions | undefined) {
  const capacity = options?.buffer ?? 4096
  const most = options?.followers ?? 256
  const run = yield* CurrentRun
  const registry = yield* DomainRegistry
  const outbox = yield* Outbox
  const repo = yield* Repo
  const pubsub = yield* SystemPubSub
  const followers = new Set<Follower.Follower>()
  const recent: Array<DomainEvent> = []
  let phase: "open" | "ended" = "open"

  const pull = (follower: Follower.Follower): Effect.Effect<readonly [Uint8Array, ...Array<Uint8Array>], Cause.Done> =>
    Effect.suspend(() => {
      const taken = Follower.take(follower)
      if (isNonEmpty(taken)) return Effect.succeed(taken)
      if (phase === "ended") return Cause.done()
      if (follower.batches.length > 0) return pull(follower)
      return Effect.andThen(
        Effect.callback<void>((resume) => {
          follower.wake = () => resume(Effect.void)
          return Effect.sync(() => void (follower.wake = () => {}))
        }),
        pull(follower)
      )
    })

  /** What came after a transition that is not in memory any more, as far as the trail has it. */
  const fromTrail = Effect.fnUntraced(function*(after: string, { domain, status }: Follower.FollowOptions) {
    yield* Effect.timeoutOption(outbox.flush, "1 second")
    const found: Array<DomainEvent> = []
    let cursor: string | undefined = EventCursor.encode(after, "oldest")
    for (let page = 0; page < resumePages && cursor !== undefined; page++) {
      const { events, next }: EventPage = yield* repo.events({ domain, status, order: "oldest", limit: 1_000, cursor })
      found.push(...events)
      cursor = Option.getOrUndefined(next)
    }
    return { events: found, complete: cursor === undefined }
  })

  const resume = Effect.fnUntraced(
    function*(follower: Follower.Follower, after: string, options: Follower.FollowOptions) {
      const index = recent.findIndex((event) => event.id === after)
      if (index >= 0) {
        const since = recent.slice(index + 1).filter((event) => follower.wanted?.(event) ?? true)
        return Follower.tellFirst(follower, since)
      }
      const found = yield* Effect.result(Effect.timeout(fromTrail(after, options), "10 seconds"))
      if (Result.isFailure(found)) {
        follower.first.push(Follower.gap({ reason: "trail", missed: null, detail: found.failure.message }))
        return
      }
      const { complete, events } = found.success
      Follower.tellFirst(follower, events)
      if (!complete) {
        const detail = `More than ${resumePages * 1_000} transitions since then: read the rest as history`
        follower.first.push(Follower.gap({ reason: "trail", missed: null, detail }))
      }
    }
  )

  const register = Effect.fnUntraced(function*(options: Follower.FollowOptions) {
    const { app, node, runId, version } = run
    const tick = yield* registry.currentTick
    const follower = Follower.make(options, { runId, node, app, version, tick })
    followers.add(follower)
    return follower
  })
  const unregister = (follower: Follower.Follower) => Effect.sync(() => followers.delete(follower))

  const follow = Effect.fnUntraced(function*(options: Follower.FollowOptions) {
    if (phase === "ended") return yield* new Unavailable({ detail: "The program is shutting down" })
    if (followers.size >= most) {
      return yield* new Unavailable({ detail: `${most} follow the stream already, which is as many as may` })
    }
    return Stream.unwrap(
      Effect.map(Effect.acquireRelease(register(options), unregister), (follower) => {
        const { after } = options
        return Stream.fromPull(
          Effect.as(after === undefined ? Effect.void : resume(follower, after, options), pull(follower))
        )
      })
    )
  })

  const events = yield* pubsub.subscribe("system:domain_event")
  yield* Effect.forkScoped(
    PubSub.takeBetween(events, 1, 256).pipe(
      Effect.map((envelopes) => {
        const batch = new Follower.Batch(envelopes.map(({ payload }) => payload))
        recent.push(...batch.events)
        if (recent.length > capacity) recent.splice(0, recent.length - capacity)
        for (const follower of followers) Follower.hand(follower, batch, capacity)
      }),
      // Between two batches everything else has its turn, the heartbeat first of all.
      Effect.andThen(Effect.yieldNow),
      Effect.forever
    )
  )
  const ticks = yield* pubsub.subscribe("system:domain_tick")
  yield* Effect.forkScoped(
    PubSub.take(ticks).pipe(
      Effect.map(({ payload }) => {
        if (followers.size === 0) return
        const bytes = Follower.tickFrame(encodeTick(payload))
        for (const follower of followers) {
          if (!follower.ticks) continue
          follower.tick = bytes
          follower.wake()
        }
      }),
      Effect.forever
    )
  )
  yield* Effect.forkScoped(
    Effect.forever(Effect.andThen(
      Effect.sleep(heartbeat),
      Effect.sync(() => {
        for (const follower of followers) {
          if (follower.first.length > 0 || follower.batches.length > 0) continue
          follower.first.push(Follower.comment)
          follower.wake()
        }
      })
    ))
  )

  const end = Effect.sync(() => {
    phase = "ended"
    for (const follower of followers) follower.wake()
  })
  yield* Effect.addFinalizer(() => end)

  return EventFeed.of({ follow, followers: () => followers.size, end })
})

/** The feed, over the bus and the trail. */
export const layer = (
  options?: EventFeedOptions
): Layer.Layer<EventFeed, never, CurrentRun | DomainRegistry | Outbox | Repo | SystemPubSub> =>
  Layer.effect(EventFeed, make(options))
