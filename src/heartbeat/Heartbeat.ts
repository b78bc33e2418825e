import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Starts the heartbeat when all domains wait, so that none can miss tick 1. For Thunderline alone. */
export class Heartbeat extends Context.Service<Heartbeat, {
  /** Starts the source of the ticks; it ends with the scope. */
  readonly start: Effect.Effect<void, never, Scope.Scope>
}>()("thunderline/TickGenerator/Heartbeat") {}
