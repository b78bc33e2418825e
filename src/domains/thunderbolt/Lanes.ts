/**
 * Named lanes of workers: bounded queues, a deadline for each attempt, retries. Use them for work that several domains
 * hand over. A domain's own endless work is a worker.
 *
 * @example
 * ```ts
 * import { Domain } from "thunderline"
 * import { Lanes, Thunderflow } from "thunderline/domains"
 *
 * const lanes = Domain.make("lanes", {
 *   dependsOn: [Thunderflow],
 *   layer: Lanes.layerWith({ mail: { concurrency: 8, deadline: "10 seconds" } }),
 *   workers: { drain: { effect: Lanes.drain, permanent: true } }
 * })
 * ```
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Record from "effect/Record"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import { isA } from "../../model/ForeignValue.ts"
import { EventBuffer } from "../thunderflow/EventBuffer.ts"
import { type Job, JobInterrupted, type JobOutcome, JobTimedOut, LaneFull, UnknownLane } from "./Job.ts"
import { allocate } from "./LaneShares.ts"

/**
 * How a lane works. `concurrency`: jobs at once (default 4). `capacity`: jobs that may be queued (default 1,024).
 * `deadline`: for one attempt (default 30 seconds); work that cannot be interrupted keeps its place until it is over.
 * `retry`: for failures and cut attempts, never for defects (default: twice, from 100 ms). `whenFull`: a submitter is
 * refused with `LaneFull` (default) or waits.
 */
export interface LaneOptions {
  readonly concurrency?: number | undefined
  readonly capacity?: number | undefined
  readonly deadline?: Duration.Input | undefined
  readonly retry?: Schedule.Schedule<unknown> | undefined
  readonly whenFull?: "refuse" | "suspend" | undefined
}

/**
 * A lane at this moment: its own places (`base`), the places it has now (`limit`), and its jobs. `running` also counts
 * the job that waits for a place which another lane still uses.
 */
export interface LaneStats {
  readonly lane: string
  readonly base: number
  readonly limit: number
  readonly running: number
  readonly queued: number
  readonly completed: { readonly [O in JobOutcome["outcome"]]: number }
}

/**
 * Named worker lanes. Each runs its jobs in order, up to `concurrency` at once, each attempt with a deadline, with retries
 * after failures. Every result is an event `lanes.job` in the event buffer.
 */
export class Lanes extends Context.Service<Lanes, {
  /** Hands a job to a lane. It runs with the caller's services, in the lane's own time. */
  readonly submit: <A, E, R>(
    lane: string,
    job: string,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<Job<A, E>, UnknownLane | LaneFull | JobInterrupted, R>
  /** Runs the lanes; the domain's worker. When it ends, it interrupts the running jobs. */
  readonly drain: Effect.Effect<never>
  /** Moves places from idle lanes to loaded ones, or back. A change is an event `lanes.rebalanced`. */
  readonly rebalance: (tick: number) => Effect.Effect<void>
  readonly stats: Effect.Effect<ReadonlyArray<LaneStats>>
}>()("thunderline/domains/Lanes") {}

interface Work {
  readonly run: Effect.Effect<void>
  readonly abandon: Effect.Effect<unknown>
}

interface Lane {
  readonly name: string
  readonly queue: Queue.Queue<Work>
  readonly places: Semaphore.Semaphore
  readonly base: number
  readonly capacity: number
  readonly deadline: Duration.Duration
  readonly retry: Schedule.Schedule<unknown>
  readonly completed: { -readonly [O in JobOutcome["outcome"]]: number }
  limit: number
  running: number
}

/** The lanes of the shipped app: `default` with 4 places, `background` with 2, `analysis` with 1. */
export const defaultLanes: Readonly<Record<string, LaneOptions>> = {
  default: {},
  background: { concurrency: 2, deadline: "5 minutes" },
  analysis: { concurrency: 1, capacity: 64, deadline: "5 seconds" }
}

const defaultRetry = Schedule.exponential("100 millis").pipe(Schedule.upTo({ times: 2 }))

const makeLane = Effect.fnUntraced(function*(name: string, options: LaneOptions) {
  const capacity = options.capacity ?? 1024
  const base = Math.max(1, options.concurrency ?? 4)
  const queue = yield* options.whenFull === "suspend" ? Queue.bounded<Work>(capacity) : Queue.dropping<Work>(capacity)
  const lane: Lane = {
    name,
    queue,
    places: yield* Semaphore.make(base),
    base,
    capacity,
    deadline: Duration.fromInputUnsafe(options.deadline ?? "30 seconds"),
    retry: options.retry ?? defaultRetry,
    completed: { succeeded: 0, failed: 0, "timed-out": 0 },
    limit: base,
    running: 0
  }
  return lane
})

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): JobOutcome["outcome"] =>
  Exit.isSuccess(exit) ? "succeeded" : isA(Cause.squash(exit.cause), JobTimedOut) ? "timed-out" : "failed"

/** A job in a lane: what runs it, and what tells its submitter how it ended. */
const makeWork = <A, E>(
  lane: Lane,
  job: string,
  effect: Effect.Effect<A, E>,
  finished: (work: Work) => void,
  told: (outcome: JobOutcome) => Effect.Effect<void>
) => {
  const done = Deferred.makeUnsafe<A, E | JobTimedOut | JobInterrupted>()
  let stage: JobInterrupted["stage"] = "queued"
  const interrupted = Effect.suspend(() => Deferred.fail(done, new JobInterrupted({ lane: lane.name, job, stage })))
  const run = Effect.fnUntraced(function*() {
    stage = "running"
    let attempts = 0
    const start = yield* Clock.currentTimeMillis
    const exit = yield* Effect.suspend(() => {
      attempts++
      return effect
    }).pipe(
      Effect.timeoutOrElse({
        duration: lane.deadline,
        orElse: () => Effect.fail(new JobTimedOut({ lane: lane.name, job, deadline: lane.deadline }))
      }),
      Effect.retry(lane.retry),
      Effect.onExit((exit) => {
        finished(work)
        if (Exit.hasInterrupts(exit)) return interrupted
        lane.completed[outcomeOf(exit)]++
        return Deferred.done(done, exit)
      }),
      Effect.exit
    )
    if (Exit.hasInterrupts(exit)) return
    const durationMs = (yield* Clock.currentTimeMillis) - start
    yield* told({ lane: lane.name, job, outcome: outcomeOf(exit), attempts, durationMs })
  })
  const work: Work = { run: run(), abandon: interrupted }
  return { work, await: Deferred.await(done) }
}

/** Lanes over an `EventBuffer`, which gets an event for every job that ends and every rebalancing. */
export const make = Effect.fnUntraced(function*(options: Readonly<Record<string, LaneOptions>>) {
  const buffer = yield* EventBuffer
  const lanes = yield* Effect.all(Record.map(options, (lane, name) => makeLane(name, lane)))
  const all = Object.values(lanes)
  // A borrowed place comes back only when its job ends, so lanes may exceed their limits together; this is never exceeded.
  const total = yield* Semaphore.make(all.reduce((sum, { base }) => sum + base, 0))
  const unfinished = new Set<Work>()
  const finished = (work: Work) => void unfinished.delete(work)
  const told = (outcome: JobOutcome) =>
    Effect.asVoid(buffer.offer({ type: "lanes.job", source: "thunderbolt", data: { ...outcome } }))

  yield* Effect.addFinalizer(() =>
    Effect.forEach(all, ({ queue }) => Queue.shutdown(queue), { discard: true }).pipe(
      Effect.andThen(
        Effect.suspend(() => Effect.forEach(Array.from(unfinished), ({ abandon }) => abandon, { discard: true }))
      )
    )
  )

  const drainLane = (lane: Lane, jobs: FiberSet.FiberSet<void>) =>
    Effect.gen(function*() {
      yield* lane.places.take(1)
      const { run } = yield* Queue.take(lane.queue)
      lane.running++
      yield* total.take(1)
      const leave = Effect.suspend(() => {
        lane.running--
        return Effect.andThen(total.release(1), lane.places.release(1))
      })
      yield* FiberSet.run(jobs, Effect.ensuring(run, leave))
    }).pipe(Effect.forever)

  return Lanes.of({
    submit: Effect.fnUntraced(function*(name, job, effect) {
      const lane = lanes[name]
      if (lane === undefined) return yield* new UnknownLane({ lane: name, known: Object.keys(lanes) })
      const services = yield* Effect.context<Effect.Services<typeof effect>>()
      const { await: result, work } = makeWork(lane, job, Effect.provideContext(effect, services), finished, told)
      unfinished.add(work)
      const taken = yield* Queue.offer(lane.queue, work).pipe(
        Effect.onInterrupt(() => Effect.sync(() => unfinished.delete(work)))
      )
      if (taken) return { await: result }
      unfinished.delete(work)
      return yield* lane.queue.state._tag === "Open"
        ? new LaneFull({ lane: name, job, capacity: lane.capacity })
        : new JobInterrupted({ lane: name, job, stage: "submitting" })
    }),
    drain: Effect.scoped(
      Effect.flatMap(FiberSet.make<void>(), (jobs) =>
        Effect.forEach(all, (lane) => drainLane(lane, jobs), {
          concurrency: "unbounded"
        }))
    ) as Effect.Effect<never>,
    rebalance: Effect.fnUntraced(function*(tick) {
      const limits = allocate(
        all.map(({ base, queue, running }) => ({ base, demand: running + Queue.sizeUnsafe(queue) }))
      )
      const changed: Record<string, number> = {}
      for (const [i, lane] of all.entries()) {
        const limit = limits[i]!
        if (limit === lane.limit) continue
        lane.limit = limit
        changed[lane.name] = limit
        yield* lane.places.resize(limit)
      }
      if (Object.keys(changed).length === 0) return
      yield* buffer.offer({ type: "lanes.rebalanced", source: "thunderbolt", data: { tick, limits: changed } })
    }),
    stats: Effect.sync(() =>
      all.map(({ base, completed, limit, name, queue, running }) => ({
        lane: name,
        base,
        limit,
        running,
        queued: Queue.sizeUnsafe(queue),
        completed: { ...completed }
      }))
    )
  })
})

/** The given lanes, by name. */
export const layerWith = (lanes: Readonly<Record<string, LaneOptions>>): Layer.Layer<Lanes, never, EventBuffer> =>
  Layer.effect(Lanes, make(lanes))

/** {@link defaultLanes} as a layer. */
export const layer: Layer.Layer<Lanes, never, EventBuffer> = layerWith(defaultLanes)

/** Runs the lanes for as long as the domain is active. */
export const drain: Effect.Effect<never, never, Lanes> = Lanes.use((lanes) => lanes.drain)
