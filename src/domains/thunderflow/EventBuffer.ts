/**
 * A bounded buffer of system events for many readers, each at its own pace, with exact counts of dropped events. Use it to
 * watch events or to pass them on. The trail has every transition.
 *
 * @example
 * ```ts
 * import { EventBuffer } from "thunderline/domains"
 *
 * const shipped = EventBuffer.EventBuffer.use((buffer) =>
 *   buffer.offer({ type: "order.shipped", source: "orders", data: { order: 7 } })
 * )
 * ```
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { SystemPubSub } from "../../heartbeat/SystemPubSub.ts"
import { DomainEvent } from "../../model/DomainEvent.ts"

/** An event: its type (`domain.active`, `lanes.job`), the domain that reports it, and its data. */
export const SystemEvent = Schema.Struct({
  type: Schema.String,
  source: Schema.String,
  data: Schema.Json
})
export interface SystemEvent extends Schema.Schema.Type<typeof SystemEvent> {}

/** An event with its number: 1, 2, 3 … in the order of the offers. A missing number is an event that was dropped. */
export const BufferedEvent = Schema.Struct({ sequence: Schema.Natural, ...SystemEvent.fields })
export interface BufferedEvent extends Schema.Schema.Type<typeof BufferedEvent> {}

/**
 * What happens to an offer while the slowest reader has `capacity` unread events: the offer waits (`suspend`), the offer is
 * refused (`dropping`), or the oldest event is dropped (`sliding`).
 */
export type BackPressure = "suspend" | "dropping" | "sliding"

/** One reader's place in the buffer. */
export interface Reader {
  /** The next event; waits until there is one. */
  readonly take: Effect.Effect<BufferedEvent>
  /** The next events, at most `max`; empty if there are none. Does not wait. */
  readonly takeUpTo: (max: number) => Effect.Effect<ReadonlyArray<BufferedEvent>>
  /** How many events are missing before the one taken last, by their numbers. */
  readonly missed: Effect.Effect<number>
}

/** Counts since the buffer was made. `offered` is also the newest number; `refused` is always 0 except with `dropping`. */
export interface Stats {
  readonly offered: number
  readonly refused: number
  readonly capacity: number
  readonly backPressure: BackPressure
}

/**
 * A bounded buffer of system events. Every reader gets every event, in order, at its own pace. The back-pressure policy
 * decides what a slow reader costs, and that is counted exactly. Without readers nothing waits and nothing is dropped.
 */
export class EventBuffer extends Context.Service<EventBuffer, {
  /**
   * `false` if the event was refused. With `suspend` it waits for room; if it is interrupted meanwhile, its number is
   * lost.
   */
  readonly offer: (event: SystemEvent) => Effect.Effect<boolean>
  /** A reader of all events from now on; it ends with the scope. */
  readonly reader: Effect.Effect<Reader, never, Scope.Scope>
  /** The same as a stream, which begins when it is run. */
  readonly stream: Stream.Stream<BufferedEvent>
  /** The newest accepted events, oldest first, at most `capacity`; reading them takes nothing from any reader. */
  readonly recent: Effect.Effect<ReadonlyArray<BufferedEvent>>
  readonly stats: Effect.Effect<Stats>
}>()("thunderline/domains/EventBuffer") {}

const constructors: {
  readonly [P in BackPressure]: (capacity: number) => Effect.Effect<PubSub.PubSub<BufferedEvent>>
} = {
  suspend: PubSub.bounded,
  dropping: PubSub.dropping,
  sliding: PubSub.sliding
}

const makeReader = (subscription: PubSub.Subscription<BufferedEvent>, start: number): Reader => {
  let last = start
  let missed = 0
  const note = (event: BufferedEvent) => {
    missed += Math.max(0, event.sequence - last - 1)
    last = event.sequence
  }
  return {
    take: Effect.map(PubSub.take(subscription), (event) => {
      note(event)
      return event
    }),
    takeUpTo: (max) =>
      Effect.map(PubSub.takeUpTo(subscription, max), (events) => {
        events.forEach(note)
        return events
      }),
    missed: Effect.sync(() => missed)
  }
}

/** A buffer of `capacity` events (default 1,024) with a back-pressure policy (default `sliding`). */
export const make = Effect.fnUntraced(function*(options?: {
  readonly capacity?: number | undefined
  readonly backPressure?: BackPressure | undefined
}) {
  const capacity = options?.capacity ?? 1024
  const backPressure = options?.backPressure ?? "sliding"
  const pubsub = yield* Effect.acquireRelease(constructors[backPressure](capacity), PubSub.shutdown)
  // One offer at a time: the numbers are given in the order in which the events are published.
  const turn = yield* Semaphore.make(1)
  const ring: Array<BufferedEvent> = []
  let offered = 0
  let accepted = 0
  let refused = 0

  const publish = Effect.fnUntraced(function*(event: SystemEvent) {
    const numbered = { sequence: ++offered, type: event.type, source: event.source, data: event.data }
    if (yield* PubSub.publish(pubsub, numbered)) {
      ring[accepted++ % capacity] = numbered
      return true
    }
    refused++
    return false
  })

  return EventBuffer.of({
    offer: (event) => turn.withPermit(publish(event)),
    reader: Effect.suspend(() => {
      const start = offered
      return Effect.map(PubSub.subscribe(pubsub), (subscription) => makeReader(subscription, start))
    }),
    stream: Stream.fromPubSub(pubsub),
    recent: Effect.sync(() => {
      const oldest = accepted < capacity ? 0 : accepted % capacity
      return [...ring.slice(oldest), ...ring.slice(0, oldest)]
    }),
    stats: Effect.sync(() => ({ offered, refused, capacity, backPressure }))
  })
})

/** {@link make} as a layer. */
export const layerWith = (options: {
  readonly capacity?: number | undefined
  readonly backPressure?: BackPressure | undefined
}): Layer.Layer<EventBuffer> => Layer.effect(EventBuffer, make(options))

/** The same with its defaults. */
export const layer: Layer.Layer<EventBuffer> = layerWith({})

const encode = Schema.encodeEffect(DomainEvent)

/**
 * Fills the buffer with every transition on the bus, as `domain.<state entered>` from that domain. Where the bus
 * dropped messages, a `bus.gap` says how many were `missed`.
 */
export const feed: Effect.Effect<void, never, EventBuffer | SystemPubSub> = Effect.gen(function*() {
  const buffer = yield* EventBuffer
  const bus = yield* SystemPubSub
  let last: number | undefined
  yield* Stream.runForEach(
    bus.stream("system:domain_event"),
    Effect.fnUntraced(function*({ payload, sequence }) {
      const missed = last === undefined ? 0 : sequence - last - 1
      last = sequence
      if (missed > 0) yield* buffer.offer({ type: "bus.gap", source: "thunderflow", data: { missed } })
      const data = yield* Effect.orDie(encode(payload))
      yield* buffer.offer({ type: `domain.${payload.to}`, source: payload.domain, data })
    })
  )
})
