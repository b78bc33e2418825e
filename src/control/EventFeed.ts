import { isReadonlyArrayNonEmpty as isNonEmpty } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { CurrentRun } from "../CurrentRun.ts"
import type { DomainEvent } from "../DomainEvent.ts"
import { DomainRegistry } from "../DomainRegistry.ts"
import type { StatusName } from "../DomainStatus.ts"
import * as EventCursor from "../EventCursor.ts"
import { Outbox } from "../Outbox.ts"
import { type EventPage, Repo } from "../Repo.ts"
import { SystemPubSub } from "../SystemPubSub.ts"
import { Tick } from "../Tick.ts"
import { Unavailable } from "./Problem.ts"
import type { Gap, Hello } from "./StreamEvent.ts"

/** What a follower wants to see. */
export interface FollowOptions {
  /** Go on behind this transition: what came since is read from memory, or from the trail. */
  readonly after?: string | undefined
  /** Only this domain's transitions. */
  readonly domain?: string | undefined
  /** Only transitions into this state. */
  readonly status?: StatusName | undefined
  /** Whether ticks are told (default `true`). */
  readonly ticks?: boolean | undefined
}

/**
 * The live stream of ticks and transitions, encoded once for all who follow it. Each follower has a bounded buffer: one
 * that reads too slowly loses the oldest and is told how many; nobody else notices.
 */
export class EventFeed extends Context.Service<EventFeed, {
  /** Server-sent events; fails when as many follow as may. */
  readonly follow: (options: FollowOptions) => Effect.Effect<Stream.Stream<Uint8Array>, Unavailable>
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

const utf8 = new TextEncoder()

/** A transition in the form that its schema encodes to, at a tenth of the cost: it is written for every transition. */
export const encodeDomainEvent = (event: DomainEvent): string =>
  JSON.stringify({ ...event, occurredAt: DateTime.formatIso(event.occurredAt) })

const frame = (event: string, data: string, id?: string) =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`

const frames = (events: ReadonlyArray<DomainEvent>): Uint8Array =>
  utf8.encode(events.map((event) => frame("domain", encodeDomainEvent(event), event.id)).join(""))

const gap = (gap: Gap): Uint8Array => utf8.encode(frame("gap", JSON.stringify(gap)))

const comment = utf8.encode(": still here\n\n")

const encodeTick = Schema.encodeSync(Tick)

/** Transitions that became known together; most followers get the same bytes. */
class Batch {
  readonly events: ReadonlyArray<DomainEvent>
  private encoded: Uint8Array | undefined
  constructor(events: ReadonlyArray<DomainEvent>) {
    this.events = events
  }
  get bytes(): Uint8Array {
    return this.encoded ??= frames(this.events)
  }
}

/** What waits for one follower. */
interface Follower {
  readonly wanted: ((event: DomainEvent) => boolean) | undefined
  readonly ticks: boolean
  /** What comes before the rest, such as the greeting. */
  readonly first: Array<Uint8Array>
  readonly batches: Array<Batch>
  waiting: number
  missed: number
  tick: Uint8Array | undefined
  wake: () => void
}

const wantedBy = ({ domain, status }: FollowOptions): Follower["wanted"] =>
  domain === undefined && status === undefined
    ? undefined
    : (event) => (domain === undefined || event.domain === domain) && (status === undefined || event.to === status)

const matching = ({ wanted }: Follower, { events }: Batch): number =>
  wanted === undefined ? events.length : events.filter(wanted).length

const make = Effect.fnUntraced(function*(options: EventFeedOptions | undefined) {
  const capacity = options?.buffer ?? 4096
  const most = options?.followers ?? 256
  const run = yield* CurrentRun
  const registry = yield* DomainRegistry
  const outbox = yield* Outbox
  const repo = yield* Repo
  const pubsub = yield* SystemPubSub
  const followers = new Set<Follower>()
  const recent: Array<DomainEvent> = []
  let phase: "open" | "ended" = "open"

  const hand = (follower: Follower, batch: Batch) => {
    follower.batches.push(batch)
    follower.waiting += batch.events.length
    while (follower.waiting > capacity) {
      const lost = follower.batches.shift()!
      follower.waiting -= lost.events.length
      follower.missed += matching(follower, lost)
    }
    follower.wake()
  }

  /** Everything that waits, the oldest first; nothing when nothing does. */
  const take = (follower: Follower): ReadonlyArray<Uint8Array> => {
    const { batches, first, missed, tick, wanted } = follower
    const taken = first.splice(0)
    if (missed > 0) {
      taken.push(gap({ reason: "slow", missed, detail: `${missed} transitions were dropped: read them as history` }))
      follower.missed = 0
    }
    if (tick !== undefined) taken.push(tick)
    follower.tick = undefined
    const batch = batches.shift()
    if (batch !== undefined) {
      follower.waiting -= batch.events.length
      const events = wanted === undefined ? batch.events : batch.events.filter(wanted)
      if (events.length > 0) taken.push(events === batch.events ? batch.bytes : frames(events))
    }
    return taken
  }

  const pull = (follower: Follower): Effect.Effect<readonly [Uint8Array, ...Array<Uint8Array>], Cause.Done> =>
    Effect.suspend(() => {
      const taken = take(follower)
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
  const fromTrail = Effect.fnUntraced(function*(after: string, { domain, status }: FollowOptions) {
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

  const resume = Effect.fnUntraced(function*(follower: Follower, after: string, options: FollowOptions) {
    const index = recent.findIndex((event) => event.id === after)
    if (index >= 0) {
      const since = recent.slice(index + 1).filter((event) => follower.wanted?.(event) ?? true)
      if (since.length > 0) follower.first.push(frames(since))
      return
    }
    const found = yield* Effect.result(Effect.timeout(fromTrail(after, options), "10 seconds"))
    if (Result.isFailure(found)) {
      follower.first.push(gap({ reason: "trail", missed: null, detail: found.failure.message }))
      return
    }
    const { complete, events } = found.success
    if (events.length > 0) follower.first.push(frames(events))
    if (!complete) {
      const detail = `More than ${resumePages * 1_000} transitions since then: read the rest as history`
      follower.first.push(gap({ reason: "trail", missed: null, detail }))
    }
    // What was handed over meanwhile and is in the trail already is not told twice.
    const told = new Set(events.map((event) => event.id))
    const left = follower.batches.splice(0).map(({ events }) => new Batch(events.filter(({ id }) => !told.has(id))))
    follower.batches.push(...left)
    follower.waiting = left.reduce((sum, { events }) => sum + events.length, 0)
  })

  const register = Effect.fnUntraced(function*(options: FollowOptions) {
    const { app, node, runId, version } = run
    const hello: Hello = { runId, node, app, version, tick: yield* registry.currentTick }
    const follower: Follower = {
      wanted: wantedBy(options),
      ticks: options.ticks ?? true,
      first: [utf8.encode(frame("hello", JSON.stringify(hello)))],
      batches: [],
      waiting: 0,
      missed: 0,
      tick: undefined,
      wake: () => {}
    }
    followers.add(follower)
    return follower
  })
  const unregister = (follower: Follower) => Effect.sync(() => followers.delete(follower))

  const follow = Effect.fnUntraced(function*(options: FollowOptions) {
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
        const batch = new Batch(envelopes.map(({ payload }) => payload))
        recent.push(...batch.events)
        if (recent.length > capacity) recent.splice(0, recent.length - capacity)
        for (const follower of followers) hand(follower, batch)
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
        const bytes = utf8.encode(frame("tick", JSON.stringify(encodeTick(payload))))
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
          follower.first.push(comment)
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
