/**
 * How far the writing of the trail is. Use it to show the backlog, or to wait until what has happened can be read from
 * `Repo`. It takes nothing in: transitions come from the registry alone.
 *
 * @example
 * ```ts
 * yield* Outbox.use((outbox) => outbox.flush)
 * const { events } = yield* Repo.use((repo) => repo.events({ domain: "orders" }))
 * ```
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type { DomainEvent } from "../model/DomainEvent.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { OutboxBuffer } from "./OutboxBuffer.ts"
import { OutboxIntake } from "./OutboxIntake.ts"
import * as OutboxWriter from "./OutboxWriter.ts"
import type { RepoWriter } from "./RepoWriter.ts"
import type { TrailReports } from "./TrailReports.ts"
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
 * Writes every transition to the trail in order, in batches, one batch at a time, until it is committed. What is committed
 * is always the beginning of what was made, gaps marked. While the database is away the outbox fills; it writes in order
 * when the database is back.
 */
export class Outbox extends Context.Service<Outbox, {
  /** Returns when every transition that was made before has been committed or dropped. */
  readonly flush: Effect.Effect<void>
  readonly stats: Effect.Effect<OutboxStats>
}>()("thunderline/Outbox") {}

/** How much the outbox holds, and its time limits; everything has a default. */
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

const observe = Effect.fnUntraced(function*(buffer: OutboxBuffer) {
  yield* Telemetry.observe("thunderline.outbox.backlog", () => buffer.backlog)
  yield* Telemetry.observe("thunderline.outbox.written", () => buffer.written)
  yield* Telemetry.observe("thunderline.outbox.dropped", () => buffer.dropped)
})

/** Gives the writer time to finish, then stops it and names the domains of what is left. */
const shutdown = Effect.fnUntraced(
  function*(buffer: OutboxBuffer, writer: Fiber.Fiber<never>, timeout: Duration.Input) {
    yield* Effect.timeoutOption(buffer.idle.await, timeout)
    if (buffer.backlog > 0) {
      const domains = Array.from(new Set([...buffer.writing, ...buffer.pending].map((event) => event.domain))).join(
        ", "
      )
      yield* Effect.logError(`[Outbox] Shutdown: ${buffer.backlog} transitions could not be written, of: ${domains}`)
    }
    yield* Fiber.interrupt(writer).pipe(Effect.timeoutOption("1 second"))
  }
)

const make = Effect.fnUntraced(function*(options: OutboxOptions = {}) {
  const { batchSize = 250, capacity = 10_000, flushTimeout = "5 seconds" } = options
  const trail = yield* TrailStatus
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const buffer = new OutboxBuffer(capacity)
  yield* observe(buffer)

  const full = Effect.logError(`[Outbox] Full at ${capacity}: the oldest transitions are dropped from now on`).pipe(
    Telemetry.event("thunderline.outbox.dropped")
  )
  const offer = (events: ReadonlyArray<DomainEvent>) => {
    const before = buffer.overflow
    // Logged once, and when it happens, not when the writer gets to it.
    if (buffer.offer(events) > 0 && before === 0) fork(full)
  }

  const writer = yield* Effect.forkDetach(OutboxWriter.run(buffer, {
    // What is being written is not dropped, so at most half of what is held is in one write: the newest find room.
    batchSize: Math.max(1, Math.min(batchSize, capacity >> 1)),
    stalledAfter: Duration.fromInputUnsafe(options.stalledAfter ?? "2 seconds"),
    writeTimeout: Duration.fromInputUnsafe(options.writeTimeout ?? "30 seconds")
  }))
  yield* Effect.addFinalizer(() => shutdown(buffer, writer, flushTimeout))

  const outbox = Outbox.of({
    flush: buffer.idle.await,
    stats: Effect.sync(() => ({
      status: trail.status(),
      backlog: buffer.backlog,
      written: buffer.written,
      dropped: buffer.dropped
    }))
  })
  return Context.make(Outbox, outbox).pipe(
    Context.add(OutboxIntake, { offer, follow: buffer.receipts.follow })
  )
})

/** The outbox and its entrance. When its scope closes it writes what it holds, for at most `flushTimeout`. */
export const layer = (
  options?: OutboxOptions
): Layer.Layer<Outbox | OutboxIntake, never, RepoWriter | TrailStatus | TrailReports> =>
  Layer.effectContext(make(options))
