/**
 * The bus: ticks and transitions as they happen, to read. Use it for views and for reactions that may miss a message. For
 * what must not be missed read the trail (`Repo`); to react to ticks inside a domain use `onTick`.
 *
 * @example
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { SystemPubSub } from "thunderline"
 *
 * const program = Effect.gen(function*() {
 *   const bus = yield* SystemPubSub.SystemPubSub
 *   yield* bus.stream("system:domain_activated").pipe(
 *     Stream.runForEach(({ payload }) => Effect.log(`${payload.domain} is active`))
 *   )
 * })
 * ```
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { DomainEvent } from "../model/DomainEvent.ts"
import type { Tick } from "../model/Tick.ts"

/**
 * What travels on each topic. `system:domain_event` carries every transition; the two topics before it are views of it:
 * the transitions into `active`, and those out of it.
 */
export interface Topics {
  readonly "system:domain_tick": Tick
  readonly "system:domain_activated": DomainEvent
  readonly "system:domain_deactivated": DomainEvent
  readonly "system:domain_event": DomainEvent
}
/** The name of a topic. */
export type Topic = keyof Topics

/**
 * A message with its number on its topic: 1, 2, 3 …. A slow reader loses the oldest messages, and sees from the gap in
 * `sequence` how many.
 */
export interface Envelope<out A> {
  readonly sequence: number
  readonly payload: A
}

/**
 * The bus, to read: for views and for users. It is bounded and slides for slow readers. Nothing that must not be lost
 * travels here: a transition is in the registry and in the outbox before it is published.
 */
export class SystemPubSub extends Context.Service<SystemPubSub, {
  /** A subscription from now on; it ends with the scope. */
  readonly subscribe: <T extends Topic>(
    topic: T
  ) => Effect.Effect<PubSub.Subscription<Envelope<Topics[T]>>, never, Scope.Scope>
  /** The same as a stream, which subscribes when it is run. */
  readonly stream: <T extends Topic>(topic: T) => Stream.Stream<Envelope<Topics[T]>>
}>()("thunderline/SystemPubSub") {}

/** The bus, to publish on: for Thunderline alone. */
export class SystemPublisher extends Context.Service<SystemPublisher, {
  readonly publish: <T extends Topic>(topic: T, payload: Topics[T]) => Effect.Effect<void>
}>()("thunderline/SystemPubSub/SystemPublisher") {}

/** How many messages of one topic are kept for its slowest reader. */
export const defaultCapacity = 4096

const slide = Effect.runSyncWith(Context.empty())

const makeTopic = Effect.fnUntraced(function*<A>(capacity: number) {
  const pubsub = yield* Effect.acquireRelease(PubSub.sliding<Envelope<A>>(capacity), PubSub.shutdown)
  let sequence = 0
  return {
    pubsub,
    // Numbered and delivered in one step: a publisher that yielded in between would be overtaken.
    publish: (payload: A): Effect.Effect<void> =>
      Effect.sync(() => {
        const envelope = { sequence: ++sequence, payload }
        if (!PubSub.publishUnsafe(pubsub, envelope)) slide(PubSub.publish(pubsub, envelope))
      })
  }
})

const make = Effect.fnUntraced(function*(options?: { readonly capacity?: number | undefined }) {
  const capacity = options?.capacity ?? defaultCapacity
  const topics: { readonly [T in Topic]: Effect.Success<ReturnType<typeof makeTopic<Topics[T]>>> } = {
    "system:domain_tick": yield* makeTopic<Tick>(capacity),
    "system:domain_activated": yield* makeTopic<DomainEvent>(capacity),
    "system:domain_deactivated": yield* makeTopic<DomainEvent>(capacity),
    "system:domain_event": yield* makeTopic<DomainEvent>(capacity)
  }
  return Context.make(SystemPubSub, {
    subscribe: (topic) => PubSub.subscribe(topics[topic].pubsub),
    stream: (topic) => Stream.fromPubSub(topics[topic].pubsub)
  }).pipe(Context.add(SystemPublisher, { publish: (topic, payload) => topics[topic].publish(payload) }))
})

/** The bus, with room for `capacity` messages per topic (default 4,096). */
export const layerWith = (options: { readonly capacity: number }): Layer.Layer<SystemPubSub | SystemPublisher> =>
  Layer.effectContext(make(options))

/** The bus, with room for 4,096 messages per topic. */
export const layer: Layer.Layer<SystemPubSub | SystemPublisher> = Layer.effectContext(make())
