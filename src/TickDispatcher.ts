import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Stream from "effect/Stream"

/** One call of a domain's `onTick` that succeeded. */
export interface TickHandled {
  readonly domain: string
  readonly generation: number
  /** The tick's count. */
  readonly tick: number
  readonly duration: Duration.Duration
  /** How many ticks before this one were skipped because the domain was still busy. */
  readonly coalesced: number
}

/** Hands each tick to the active domains that have an `onTick`. */
export class TickDispatcher extends Context.Service<TickDispatcher, {
  /** Every handled tick from now on; a slow reader loses the oldest. */
  readonly handled: Stream.Stream<TickHandled>
}>()("thunderline/TickDispatcher") {}
