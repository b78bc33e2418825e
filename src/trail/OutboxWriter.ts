import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Backoff from "../model/Backoff.ts"
import type { DomainEvent } from "../model/DomainEvent.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { Batch, OutboxBuffer } from "./OutboxBuffer.ts"
import { RepoUnavailable } from "./Repo.ts"
import { RepoWriter } from "./RepoWriter.ts"
import * as TrailGap from "./TrailGap.ts"
import { TrailReports } from "./TrailReports.ts"

/** How the buffer is written. */
export interface OutboxWriterSettings {
  readonly batchSize: number
  readonly stalledAfter: Duration.Duration
  readonly writeTimeout: Duration.Duration
}

const retrySchedule = Backoff.schedule({ from: "100 millis", to: "2 seconds" })

/** How often a write that ends in a defect is tried again before its rows are blamed. */
const defectRetries = 3

const unavailable = (detail: string, cause?: unknown) =>
  new RepoUnavailable({ operation: "Repo.record", detail, cause })

const unanswered = (time: Duration.Duration) => unavailable(`a write was not answered for ${Duration.format(time)}`)

const degrade = (error: RepoUnavailable) => TrailReports.use((reports) => reports.degraded("Outbox", error))

/**
 * One attempt to write. It runs in a fiber of its own and is abandoned when it is not answered, because a frozen server
 * also delays its interruption. Whether it still succeeds makes no difference: rows are known by their id.
 */
const attempt = Effect.fnUntraced(function*(events: ReadonlyArray<DomainEvent>, settings: OutboxWriterSettings) {
  const { stalledAfter, writeTimeout } = settings
  const fiber = yield* Effect.forkDetach(RepoWriter.use((writer) => writer.record(events)), { startImmediately: true })
  const abandon = Effect.sync(() => fiber.interruptUnsafe())
  return yield* Effect.gen(function*() {
    const early = yield* Effect.timeoutOption(Fiber.await(fiber), stalledAfter)
    if (Option.isSome(early)) return yield* early.value
    yield* degrade(unanswered(stalledAfter))
    const late = yield* Effect.timeoutOption(Fiber.await(fiber), Duration.subtract(writeTimeout, stalledAfter))
    if (Option.isSome(late)) return yield* late.value
    yield* abandon
    return yield* unanswered(writeTimeout)
  }).pipe(Effect.onInterrupt(() => abandon))
})

/** Writes until it is committed or refused, however long the database is away. */
const persist = (events: ReadonlyArray<DomainEvent>, settings: OutboxWriterSettings) => {
  let defects = 0
  return attempt(events, settings).pipe(
    // Interrupted from within, as by a pool that starts over, or a defect that may pass: neither ends the outbox.
    Effect.catchCauseIf(
      (cause) => Cause.hasInterruptsOnly(cause) || (Cause.hasDies(cause) && defects++ < defectRetries),
      (cause) => Effect.fail(unavailable("the write was cut off", cause))
    ),
    Effect.tapErrorTag("RepoUnavailable", degrade),
    Effect.retry({ schedule: retrySchedule, while: (error) => error._tag === "RepoUnavailable" })
  )
}

/** Writes a batch, and returns the gap that is behind it then. A refused row is found by halving: it costs only itself. */
const write = (
  buffer: OutboxBuffer,
  { events, gap, position }: Batch,
  settings: OutboxWriterSettings
): Effect.Effect<TrailGap.TrailGap | undefined, never, RepoWriter | TrailReports> => {
  const recovered = Effect.suspend(() =>
    TrailReports.use((reports) => reports.ok("Outbox", `${buffer.pending.length} transitions left to write`))
  )
  return Effect.matchCauseEffect(persist(TrailGap.mark(events, gap), settings), {
    onSuccess: () => {
      buffer.commit(events, position)
      return Effect.as(recovered, undefined)
    },
    onFailure: (cause) => {
      if (events.length > 1) {
        const half = events.length >> 1
        const [first, second] = [events.slice(0, half), events.slice(half)]
        return Effect.flatMap(
          write(buffer, { events: first, position, gap }, settings),
          (between) => write(buffer, { events: second, position: position + half, gap: between }, settings)
        )
      }
      const { domain, id } = events[0]!
      buffer.refuse(position, "the database refused it")
      return recovered.pipe(
        Effect.andThen(
          Effect.logError(`[Outbox] The database refused transition ${id} of ${domain}`, cause).pipe(
            Telemetry.event("thunderline.outbox.dropped")
          )
        ),
        Effect.as(TrailGap.join(gap, TrailGap.of(events)))
      )
    }
  })
}

/** Writes what the buffer holds, batch by batch, for ever. */
export const run = Effect.fnUntraced(
  function*(
    buffer: OutboxBuffer,
    settings: OutboxWriterSettings
  ): Effect.fn.Return<never, never, RepoWriter | TrailReports> {
    let before: TrailGap.TrailGap | undefined
    while (true) {
      yield* buffer.filled.await
      const batch = buffer.take(settings.batchSize)
      before = yield* write(buffer, { ...batch, gap: TrailGap.join(before, batch.gap) }, settings)
      if (buffer.pending.length > 0) continue
      const lost = buffer.takeOverflow()
      if (lost > 0) {
        yield* Effect.logWarning(`[Outbox] No longer full: ${lost} transitions were dropped, see the gap in the trail`)
      }
      buffer.rest()
    }
  }
)
