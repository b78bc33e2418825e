import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Topic, Topics } from "./SystemPubSub.ts"

/** The bus, to publish on: for Thunderline alone. */
export class SystemPublisher extends Context.Service<SystemPublisher, {
  readonly publish: <T extends Topic>(topic: T, payload: Topics[T]) => Effect.Effect<void>
}>()("thunderline/SystemPubSub/SystemPublisher") {}
