/**
 * Whether the trail is written at this moment. Use it to show the trail's state or to judge health. To learn how much is
 * waiting to be written, ask `Outbox.stats`.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { type Reporter, TrailReports } from "./TrailReports.ts"

/**
 * `ok`, or `degraded` since a moment (milliseconds since the epoch), because the database cannot be reached or another
 * program has taken over.
 */
export type TrailState = Data.TaggedEnum<{
  ok: {}
  /** `detail` is the newest reason. */
  degraded: { readonly since: number; readonly detail: string }
}>
export const TrailState = Data.taggedEnum<TrailState>()

/** The state of the trail: `ok` when nobody who works on it reports trouble. */
export class TrailStatus extends Context.Service<TrailStatus, {
  readonly status: () => TrailState
}>()("thunderline/TrailStatus") {}

const make = Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const inTrouble = new Set<Reporter>()
  let status: TrailState = TrailState.ok()
  /** When it became degraded, by the monotonic clock. */
  let begun = 0n
  yield* Telemetry.observe(
    "thunderline.trail.degraded",
    () => (status._tag === "ok" ? 0 : Number(clock.monotonicTimeNanosUnsafe() - begun) / 1e9)
  )
  const reports = TrailReports.of({
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
  return Context.make(TrailStatus, { status: () => status }).pipe(Context.add(TrailReports, reports))
})

/** The status, and where it is reported; `ok` at first. */
export const layer: Layer.Layer<TrailStatus | TrailReports> = Layer.effectContext(make)
