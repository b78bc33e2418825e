import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Topic, Topics } from "./SystemPubSub.ts"

/** The bus, to publish on: for Thunderline alone. */
export class SystemPublisher extends Context.Service<SystemPublisher, {
  readonly publish: <T extends Topic>(topic: T, payload: Topics[T]) => Effect.Effect<void>
}>()("thunderline/SystemPubSub/SystemPublisher") {}

/** Publishes what has happened already: a failure is a bug, which is logged and changes nothing. */
export const safely = (
  { publish }: SystemPublisher["Service"]
): SystemPublisher["Service"]["publish"] =>
(topic, payload) =>
  Effect.catchCause(
    Effect.suspend(() => publish(topic, payload)),
    (cause) => Effect.logFatal(`[SystemPubSub] Nothing was published on ${topic}, which is a bug`, cause)
  )
