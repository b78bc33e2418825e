/**
 * One heartbeat, as domains and readers of the bus get it. Use its `count` to name a moment in the life of a run. It is no
 * clock: a skipped beat has no tick.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { Domain } from "thunderline"
 *
 * const pulse = Domain.make("pulse", {
 *   layer: Layer.empty,
 *   onTick: (tick) => Effect.log(`tick ${tick.count} with ${tick.metadata.activeDomains} active domains`)
 * })
 * ```
 */
import * as Schema from "effect/Schema"

/**
 * What the heartbeat tells with each tick: how many domains were active when it was sent, and whatever the app adds
 * through the `metadata` option of `TickGenerator.layer`.
 */
export const TickMetadata = Schema.StructWithRest(
  Schema.Struct({ activeDomains: Schema.Natural }),
  [Schema.Record(Schema.String, Schema.Json)]
)
export type TickMetadata = typeof TickMetadata.Type

/**
 * One heartbeat.
 *
 * `count` is 1, 2, 3 …: one more for each tick sent, never repeated, never smaller. `slot` is the tick's due index; a
 * skipped beat advances only the slot. `epoch` is the term of the ticker that sent it (1 on one machine). `lateness` is
 * how far behind its due time it was sent. Together with the run's id, `(epoch, count)` names a tick for ever.
 */
export const Tick = Schema.Struct({
  count: Schema.Natural,
  slot: Schema.Natural,
  epoch: Schema.Natural,
  timestamp: Schema.DateTimeUtcFromString,
  lateness: Schema.DurationFromMillis,
  interval: Schema.DurationFromMillis,
  metadata: TickMetadata
})
export interface Tick extends Schema.Schema.Type<typeof Tick> {}
