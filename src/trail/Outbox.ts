import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { DomainEvent } from "../model/DomainEvent.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import * as Receipt from "./Receipt.ts"
import { Repo, RepoUnavailable } from "./Repo.ts"
import * as TrailGap from "./TrailGap.ts"
import { type TrailState, TrailStatus } from "./TrailStatus.ts"

/** How far the outbox is. */
export interface OutboxStats {
  readonly status: TrailState
  /** Transitions accepted and not yet committed. */
  readonly backlog: number
  readonly written: number
  /** Transitions dropped: the oldest of a full outbox, and rows that the database refused. */
  readonly dropped: number
}

/**
 * Takes every transition at the moment it is made and writes it to the `Repo` in order, in batches, one batch at a time,
 * until it is committed. What is committed is always the beginning of what was made, gaps marked. While the database is
 * away it fills, and flushes in order when the database is back.
 */
export class Outbox extends Context.Service<Outbox, {
  /** Accepts transitions; never waits. */
  readonly offer: (events: ReadonlyArray<DomainEvent>) => void
  /** Begins to follow what becomes of the transitions that are accepted from now on. */
  readonly follow: () => Receipt.Receipt
  /** Returns when everything that was offered before has been committed or dropped. */
  readonly flush: Effect.Effect<void>
  readonly stats: Effect.Effect<OutboxStats>
}>()("thunderline/Outbox") {}

/** How much the outbox holds and how long it may take at the end; everything has a default. */
export interface OutboxOptions {
  /** The most transitions held (default 10,000); beyond that the oldest not being written are dropped and counted. */
  readonly capacity?: number | undefined
  /** The most transitions in one write (default 250, never more than half the capacity). */
  readonly batchSize?: number | undefined
  /** How long a write may go unanswered before the trail counts as degraded (default 2 seconds). */
  readonly stalledAfter?: Duration.Input | undefined
  /** How long a write may go unanswered before it is tried again on another connection (default 30 seconds). */
  readonly writeTimeout?: Duration.Input | undefined
  /** How long the last writes may take at shutdown (default 5 seconds). */
  readonly flushTimeout?: Duration.Input | undefined
}

const retrySchedule = Schedule.exponential("100 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(2)))),
  Schedule.jittered
)

/** How often a write that ends in a defect is tried again before its rows are blamed. */
const defectRetries = 3

const make = Effect.fnUntraced(function*(options: OutboxOptions | undefined) {
  const capacity = options?.capacity ?? 10_000
  // What is being written is not dropped, so at most half of what is held is in one write: the newest find room.
  const batchSize = Math.max(1, Math.min(options?.batchSize ?? 250, capacity >> 1))
  const flushTimeout = Duration.fromInputUnsafe(options?.flushTimeout ?? "5 seconds")
  const writeTimeout = Duration.fromInputUnsafe(options?.writeTimeout ?? "30 seconds")
  const stalledAfter = Duration.fromInputUnsafe(options?.stalledAfter ?? "2 seconds")
  const repo = yield* Repo
  const trail = yield* TrailStatus
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const pending: Array<DomainEvent> = []
  const filled = Latch.makeUnsafe()
  const idle = Latch.makeUnsafe(true)
  const receipts = Receipt.make()
  let writing: ReadonlyArray<DomainEvent> = []
  let written = 0
  let dropped = 0
  /** What was dropped between the transitions that are being written and those that are pending. */
  let gap: TrailGap.TrailGap | undefined
  /** How many were dropped since the outbox was full for the first time, until it is empty again. */
  let overflow = 0

  const offer = (events: ReadonlyArray<DomainEvent>) => {
    for (const event of events) pending.push(event)
    receipts.accept(events.length)
    const surplus = pending.length + writing.length - capacity
    if (surplus > 0) {
      const first = receipts.accepted() - pending.length
      const oldest = pending.splice(0, surplus)
      gap = TrailGap.join(gap, TrailGap.of(oldest))
      dropped += surplus
      receipts.lose(first, surplus, "the outbox was full")
      // Said when it happens, not when the writer has time for it, and once.
      if (overflow === 0) {
        fork(
          Effect.logError(`[Outbox] Full at ${capacity}: the oldest transitions are dropped from now on`).pipe(
            Telemetry.event("thunderline.outbox.dropped")
          )
        )
      }
      overflow += surplus
    }
    if (pending.length > 0) {
      idle.closeUnsafe()
      filled.openUnsafe()
    }
  }

  const degrade = (error: RepoUnavailable) => trail.degraded("Outbox", error)
  const recover = () => trail.ok("Outbox", `${pending.length} transitions left to write`)

  const unavailable = (detail: string, cause?: unknown) =>
    new RepoUnavailable({ operation: "Repo.record", detail, cause })
  const unanswered = (time: Duration.Duration) => unavailable(`a write was not answered for ${Duration.format(time)}`)

  /**
   * One attempt. It runs in a fiber of its own and is left behind when it is not answered: a frozen server also holds
   * up its interruption. Whether it still succeeds makes no difference, because rows are known by their id.
   */
  const attempt = Effect.fnUntraced(function*(batch: ReadonlyArray<DomainEvent>) {
    const fiber = yield* Effect.forkDetach(Effect.suspend(() => repo.record(batch)), { startImmediately: true })
    const leave = Effect.sync(() => fiber.interruptUnsafe())
    return yield* Effect.gen(function*() {
      const early = yield* Effect.timeoutOption(Fiber.await(fiber), stalledAfter)
      if (Option.isSome(early)) return yield* early.value
      yield* degrade(unanswered(stalledAfter))
      const late = yield* Effect.timeoutOption(Fiber.await(fiber), Duration.subtract(writeTimeout, stalledAfter))
      if (Option.isSome(late)) return yield* late.value
      yield* leave
      return yield* unanswered(writeTimeout)
    }).pipe(Effect.onInterrupt(() => leave))
  })

  const persist = (batch: ReadonlyArray<DomainEvent>) => {
    let defects = 0
    return attempt(batch).pipe(
      // Cut off from within, as by a pool that starts over, or a defect that may pass: not the end of the outbox.
      Effect.catchCauseIf(
        (cause) => Cause.hasInterruptsOnly(cause) || (Cause.hasDies(cause) && defects++ < defectRetries),
        (cause) => Effect.fail(unavailable("the write was cut off", cause))
      ),
      Effect.tapErrorTag("RepoUnavailable", degrade),
      Effect.retry({ schedule: retrySchedule, while: (error) => error._tag === "RepoUnavailable" })
    )
  }

  /** Writes transitions that have a gap before them; gives the gap that is behind them then. */
  const write = (
    events: ReadonlyArray<DomainEvent>,
    position: number,
    before: TrailGap.TrailGap | undefined
  ): Effect.Effect<TrailGap.TrailGap | undefined> =>
    Effect.matchCauseEffect(persist(TrailGap.mark(events, before)), {
      onSuccess: () => {
        writing = writing.slice(events.length)
        written += events.length
        receipts.reach(position + events.length)
        return Effect.as(recover(), undefined)
      },
      onFailure: (cause) => {
        // What the database refuses is found by halving, so that one bad row costs only itself.
        if (events.length > 1) {
          const half = events.length >> 1
          return Effect.flatMap(
            write(events.slice(0, half), position, before),
            (between) => write(events.slice(half), position + half, between)
          )
        }
        const { domain, id } = events[0]!
        writing = writing.slice(1)
        dropped++
        receipts.lose(position, 1, "the database refused it")
        receipts.reach(position + 1)
        return recover().pipe(
          Effect.andThen(
            Effect.logError(`[Outbox] The database refused transition ${id} of ${domain}`, cause).pipe(
              Telemetry.event("thunderline.outbox.dropped")
            )
          ),
          Effect.as(TrailGap.join(before, TrailGap.of(events)))
        )
      }
    })

  const writer = Effect.gen(function*() {
    let before: TrailGap.TrailGap | undefined
    while (true) {
      yield* filled.await
      const batch = pending.splice(0, batchSize)
      writing = batch
      before = TrailGap.join(before, gap)
      gap = undefined
      before = yield* write(batch, receipts.accepted() - pending.length - batch.length, before)
      if (pending.length > 0) continue
      if (overflow > 0) {
        const lost = overflow
        overflow = 0
        yield* Effect.logWarning(`[Outbox] No longer full: ${lost} transitions were dropped, see the gap in the trail`)
      }
      if (pending.length > 0) continue
      filled.closeUnsafe()
      idle.openUnsafe()
    }
  })

  yield* Telemetry.observe("thunderline.outbox.backlog", () => pending.length + writing.length)
  yield* Telemetry.observe("thunderline.outbox.written", () => written)
  yield* Telemetry.observe("thunderline.outbox.dropped", () => dropped)

  const fiber = yield* Effect.forkDetach(writer)
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      yield* Effect.timeoutOption(idle.await, flushTimeout)
      const left = pending.length + writing.length
      if (left > 0) {
        const domains = Array.from(new Set([...writing, ...pending].map((event) => event.domain))).join(", ")
        yield* Effect.logError(`[Outbox] ${left} transitions could not be written before the end, of: ${domains}`)
      }
      yield* Fiber.interrupt(fiber).pipe(Effect.timeoutOption("1 second"))
    })
  )

  return Outbox.of({
    offer,
    follow: receipts.follow,
    flush: idle.await,
    stats: Effect.sync(() => ({
      status: trail.status(),
      backlog: pending.length + writing.length,
      written,
      dropped
    }))
  })
})

/** The outbox. When its scope closes it writes what it holds, for at most `flushTimeout`. */
export const layer = (options?: OutboxOptions): Layer.Layer<Outbox, never, Repo | TrailStatus> =>
  Layer.effect(Outbox, make(options))
