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
export type AuditStatus = Data.TaggedEnum<{
  ok: {}
  /** `detail` is the newest reason. */
  degraded: { readonly since: number; readonly detail: string }
}>
export const AuditStatus = Data.taggedEnum<AuditStatus>()

/** Who works on the trail: the outbox when there is something to write, the lease every few seconds. */
export type Witness = "Outbox" | "RunLease"

/** Why the trail is not written, in short and in a sentence. */
interface Trouble {
  readonly detail: string
  readonly message: string
}

/** What those who work on the trail have found: it is `ok` when none of them is in trouble. */
export class Audit extends Context.Service<Audit, {
  readonly status: () => AuditStatus
  readonly degraded: (witness: Witness, trouble: Trouble) => Effect.Effect<void>
  /** `note` is what the log shall say besides. */
  readonly ok: (witness: Witness, note?: string) => Effect.Effect<void>
}>()("thunderline/Audit") {}

const make = Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const inTrouble = new Set<Witness>()
  let status: AuditStatus = AuditStatus.ok()
  /** When it was last said to be degraded, by the clock that is never set. */
  let begun = 0n
  yield* Telemetry.observe(
    "thunderline.audit.degraded",
    () => (status._tag === "ok" ? 0 : Number(clock.monotonicTimeNanosUnsafe() - begun) / 1e9)
  )
  return Audit.of({
    status: () => status,
    degraded: Effect.fnUntraced(function*(witness, { detail, message }) {
      inTrouble.add(witness)
      const before = status
      const since = before._tag === "degraded" ? before.since : clock.currentTimeMillisUnsafe()
      status = AuditStatus.degraded({ since, detail })
      if (before._tag === "degraded") return
      begun = clock.monotonicTimeNanosUnsafe()
      yield* Effect.logWarning(`[${witness}] audit: degraded, ${message}`).pipe(
        Telemetry.event("thunderline.audit.degraded")
      )
    }),
    ok: Effect.fnUntraced(function*(witness, note) {
      if (!inTrouble.delete(witness) || inTrouble.size > 0) return
      status = AuditStatus.ok()
      yield* Effect.logInfo(`[${witness}] audit: ok${note === undefined ? "" : `, ${note}`}`).pipe(
        Telemetry.event("thunderline.audit.recovered")
      )
    })
  })
})

export const layer: Layer.Layer<Audit> = Layer.effect(Audit, make)
