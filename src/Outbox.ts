import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type { DomainEvent } from "./DomainEvent.ts"
import { Repo, RepoUnavailable } from "./Repo.ts"
import * as Telemetry from "./Telemetry.ts"

/**
 * Whether the trail is written: `ok`, or `degraded` since a moment (milliseconds since the epoch) because the database
 * cannot be reached.
 */
export type AuditStatus = Data.TaggedEnum<{
  ok: {}
  degraded: { readonly since: number; readonly detail: string }
}>
export const AuditStatus = Data.taggedEnum<AuditStatus>()

/** How far the outbox is. */
export interface OutboxStats {
  readonly status: AuditStatus
  /** Transitions accepted and not yet committed. */
  readonly backlog: number
  readonly written: number
  /** Transitions dropped: the oldest of a full outbox, and rows that the database refused. */
  readonly dropped: number
}

/**
 * Takes every transition at the moment it is made and writes it to the `Repo` in order, in batches, until it is
 * committed. While the database is away it fills, and flushes in order when the database is back.
 */
export class Outbox extends Context.Service<Outbox, {
  /** Accepts transitions; never waits. */
  readonly offer: (events: ReadonlyArray<DomainEvent>) => void
  /** Returns when everything that was offered before has been committed or dropped. */
  readonly flush: Effect.Effect<void>
  readonly stats: Effect.Effect<OutboxStats>
}>()("thunderline/Outbox") {}

/** How much the outbox holds and how long it may take at the end; everything has a default. */
export interface OutboxOptions {
  /** The most transitions held (default 10,000); beyond that the oldest not being written are dropped and counted. */
  readonly capacity?: number | undefined
  /** The most transitions in one write (default 1,000, never more than half the capacity). */
  readonly batchSize?: number | undefined
  /** How long the last writes may take at shutdown (default 5 seconds). */
  readonly flushTimeout?: Duration.Input | undefined
}

const retrySchedule = Schedule.exponential("100 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(2)))),
  Schedule.jittered
)

const make = Effect.fnUntraced(function*(options: OutboxOptions | undefined) {
  const capacity = options?.capacity ?? 10_000
  // What is being written is not dropped, so at most half of what is held is in one write: the newest find room.
  const batchSize = Math.max(1, Math.min(options?.batchSize ?? 1_000, capacity >> 1))
  const flushTimeout = Duration.fromInputUnsafe(options?.flushTimeout ?? "5 seconds")
  const repo = yield* Repo
  const clock = yield* Clock.Clock
  const pending: Array<DomainEvent> = []
  const filled = Latch.makeUnsafe()
  const idle = Latch.makeUnsafe(true)
  let inFlight = 0
  let written = 0
  let dropped = 0
  let overflowing = 0
  let status: AuditStatus = AuditStatus.ok()

  const offer = (events: ReadonlyArray<DomainEvent>) => {
    for (const event of events) pending.push(event)
    const surplus = pending.length + inFlight - capacity
    if (surplus > 0) {
      overflowing += pending.splice(0, surplus).length
    }
    if (pending.length > 0) {
      idle.closeUnsafe()
      filled.openUnsafe()
    }
  }

  const degrade = Effect.fnUntraced(function*(error: RepoUnavailable) {
    if (status._tag === "degraded") return
    status = AuditStatus.degraded({ since: clock.currentTimeMillisUnsafe(), detail: error.detail })
    yield* Effect.logWarning(`[Outbox] audit: degraded, ${error.message}`).pipe(
      Telemetry.event("thunderline.outbox.degraded")
    )
  })

  const recover = Effect.fnUntraced(function*() {
    if (status._tag === "ok") return
    status = AuditStatus.ok()
    yield* Effect.logInfo(`[Outbox] audit: ok, ${pending.length} transitions left to write`).pipe(
      Telemetry.event("thunderline.outbox.recovered")
    )
  })

  const write = (batch: ReadonlyArray<DomainEvent>): Effect.Effect<void> =>
    repo.record(batch).pipe(
      // Cut off from within, as by a pool that starts over: not the end of the outbox.
      Effect.catchCauseIf(
        Cause.hasInterruptsOnly,
        (cause) =>
          Effect.fail(new RepoUnavailable({ operation: "Repo.record", detail: "the write was cut off", cause }))
      ),
      Effect.tapErrorTag("RepoUnavailable", degrade),
      Effect.retry({ schedule: retrySchedule, while: (error) => error._tag === "RepoUnavailable" }),
      Effect.matchCauseEffect({
        onSuccess: () => {
          inFlight -= batch.length
          written += batch.length
          return recover()
        },
        onFailure: (cause) => {
          // What the database refuses is found by halving, so that one bad row costs only itself.
          if (batch.length > 1) {
            const half = batch.length >> 1
            return Effect.andThen(write(batch.slice(0, half)), write(batch.slice(half)))
          }
          inFlight--
          dropped++
          return Effect.andThen(
            recover(),
            Effect.logError(`[Outbox] The database refused transition ${batch[0]!.id} of ${batch[0]!.domain}`, cause)
          )
        }
      })
    )

  const writer = Effect.gen(function*() {
    while (true) {
      yield* filled.await
      if (overflowing > 0) {
        const lost = overflowing
        dropped += lost
        overflowing = 0
        yield* Effect.logError(`[Outbox] Full at ${capacity}: the oldest ${lost} transitions were dropped`).pipe(
          Telemetry.event("thunderline.outbox.dropped")
        )
      }
      const batch = pending.splice(0, batchSize)
      inFlight = batch.length
      yield* write(batch)
      if (pending.length === 0) {
        filled.closeUnsafe()
        idle.openUnsafe()
      }
    }
  })

  yield* Telemetry.observe("thunderline.outbox.backlog", () => pending.length + inFlight)
  yield* Telemetry.observe("thunderline.outbox.written", () => written)
  yield* Telemetry.observe("thunderline.outbox.dropped", () => dropped + overflowing)

  const fiber = yield* Effect.forkDetach(writer)
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      yield* Effect.timeoutOption(idle.await, flushTimeout)
      const left = pending.length + inFlight
      if (left > 0) yield* Effect.logError(`[Outbox] ${left} transitions could not be written before the end`)
      yield* Fiber.interrupt(fiber).pipe(Effect.timeoutOption("1 second"))
    })
  )

  return Outbox.of({
    offer,
    flush: idle.await,
    stats: Effect.sync(() => ({
      status,
      backlog: pending.length + inFlight,
      written,
      dropped: dropped + overflowing
    }))
  })
})

/** The outbox. When its scope closes it writes what it holds, for at most `flushTimeout`. */
export const layer = (options?: OutboxOptions): Layer.Layer<Outbox, never, Repo> => Layer.effect(Outbox, make(options))
