import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Telemetry from "../telemetry/Telemetry.ts"

/**
 * Whether the trail is written: `ok`, or `degraded` since a moment (milliseconds since the epoch) because the database
 * cannot be reached, or has been taken over.
 */
export type TrailState = Data.TaggedEnum<{
  ok: {}
  /** `detail` is the newest reason. */
  degraded: { readonly since: number; readonly detail: string }
}>
export const TrailState = Data.taggedEnum<TrailState>()

/** Who works on the trail: the outbox when there is something to write, the lease every few seconds. */
export type Reporter = "Outbox" | "RunLease"

/** Why the trail is not written, in short and in a sentence. */
interface Trouble {
  readonly detail: string
  readonly message: string
}

/** What those who work on the trail have found: it is `ok` when none of them is in trouble. */
export class TrailStatus extends Context.Service<TrailStatus, {
  readonly status: () => TrailState
  readonly degraded: (reporter: Reporter, trouble: Trouble) => Effect.Effect<void>
  /** `note` is what the log shall say besides. */
  readonly ok: (reporter: Reporter, note?: string) => Effect.Effect<void>
}>()("thunderline/TrailStatus") {}

const make = Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const inTrouble = new Set<Reporter>()
  let status: TrailState = TrailState.ok()
  /** When it was last said to be degraded, by the clock that is never set. */
  let begun = 0n
  yield* Telemetry.observe(
    "thunderline.trail.degraded",
    () => (status._tag === "ok" ? 0 : Number(clock.monotonicTimeNanosUnsafe() - begun) / 1e9)
  )
  return TrailStatus.of({
    status: () => status,
    degraded: Effect.fnUntraced(function*(reporter, { detail, message }) {
      inTrouble.add(reporter)
      const before = status
      const since = before._tag === "degraded" ? before.since : clock.currentTimeMillisUnsafe()
      status = TrailState.degraded({ since, detail })
      if (before._tag === "degraded") return
      begun = clock.monotonicTimeNanosUnsafe()
      yield* Effect.logWarning(`[${reporter}] trail: degraded, ${message}`).pipe(
        Telemetry.event("thunderline.trail.degraded")
      )
    }),
    ok: Effect.fnUntraced(function*(reporter, note) {
      if (!inTrouble.delete(reporter) || inTrouble.size > 0) return
      status = TrailState.ok()
      yield* Effect.logInfo(`[${reporter}] trail: ok${note === undefined ? "" : `, ${note}`}`).pipe(
        Telemetry.event("thunderline.trail.recovered")
      )
    })
  })
})

export const layer: Layer.Layer<TrailStatus> = Layer.effect(TrailStatus, make)
