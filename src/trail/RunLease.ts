import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { Escalation } from "../model/Escalation.ts"
import { CurrentRun } from "./CurrentRun.ts"
import { Repo, type RepoError, RepoUnavailable, type Run, type RunInUse } from "./Repo.ts"
import { TrailStatus } from "./TrailStatus.ts"

/**
 * How this run stands in the trail: `held`, it is this run's; `unclaimed`, the database has not answered yet or not any
 * more; `superseded`, this run was not heard of for too long and another program has taken over: its transitions are
 * still kept under its own run, but do not change the present any more.
 */
export type LeaseStatus = Data.TaggedEnum<{
  held: {}
  unclaimed: { readonly detail: string }
  superseded: { readonly by: RunInUse }
}>
export const LeaseStatus = Data.taggedEnum<LeaseStatus>()

/** This run's claim on the trail, from the start of the program to its end. */
export class RunLease extends Context.Service<RunLease, {
  readonly status: Effect.Effect<LeaseStatus>
}>()("thunderline/RunLease") {}

/** How a run is kept alive in the trail; everything has a default. */
export interface RunLeaseOptions {
  /** How long a run that says nothing counts as alive (default 15 seconds). */
  readonly lease?: Duration.Input | undefined
  /** How often the lease is renewed (default 5 seconds). */
  readonly renewEvery?: Duration.Input | undefined
}

/** What `required` asks of the trail, besides what it means for an operations: that it answers at the start. */
export interface RunLeaseSettings {
  readonly run?: RunLeaseOptions | undefined
  readonly trail?: "best-effort" | "required" | undefined
}

/** How long the start waits for the first answer, a renewal until the trail counts as degraded, the end for the last. */
const limits = { begin: Duration.seconds(5), renewal: Duration.seconds(2), end: Duration.seconds(2) }

const retrySchedule = Schedule.exponential("100 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(2)))),
  Schedule.jittered
)

const unanswered = new RepoUnavailable({
  operation: "Repo.renewRun",
  detail: `a renewal was not answered for ${Duration.format(limits.renewal)}`,
  cause: undefined
})

const make = Effect.fnUntraced(function*({ trail: needed, run: options }: RunLeaseSettings) {
  const lease = Duration.fromInputUnsafe(options?.lease ?? "15 seconds")
  const renewEvery = Duration.fromInputUnsafe(options?.renewEvery ?? "5 seconds")
  const repo = yield* Repo
  const trail = yield* TrailStatus
  const escalation = yield* Escalation
  const { app, node, runId, startedAt, version } = yield* CurrentRun
  const run: Run = { runId, app, node, version, startedAt, lastSeenAt: startedAt, endedAt: null, exitReason: null }
  const first = Deferred.makeUnsafe<void, RepoError | RunInUse>()
  let status: LeaseStatus = LeaseStatus.unclaimed({ detail: "the database has not answered yet" })

  /** Holds the trail until that fails. */
  const hold = Effect.scoped(Effect.gen(function*() {
    const claim = yield* repo.claimRun(run, lease)
    if (status._tag === "superseded") yield* Effect.logInfo(`[RunLease] The trail is this run's again`)
    status = LeaseStatus.held()
    yield* trail.ok("RunLease")
    Deferred.doneUnsafe(first, Effect.void)
    // One that is not answered shows, and is waited for all the same: a frozen server also holds up its interruption.
    const renew = Effect.scoped(Effect.gen(function*() {
      yield* Effect.forkScoped(Effect.delay(trail.degraded("RunLease", unanswered), limits.renewal))
      yield* claim.renew
      yield* trail.ok("RunLease")
    }))
    return yield* Effect.forever(Effect.delay(renew, renewEvery))
  }))

  /** Another program has taken over. This one's transitions must not change the present: its run has ended. */
  const yieldTo = Effect.fnUntraced(function*(by: RunInUse) {
    if (status._tag === "superseded") return
    const at = yield* DateTime.now
    yield* repo.beginRun({ ...run, endedAt: at, exitReason: "superseded" })
    yield* repo.endRun(runId, at, "superseded")
    status = LeaseStatus.superseded({ by })
    yield* Effect.logError(`[RunLease] Another program has taken over: ${by.message}`)
    yield* trail.degraded("RunLease", { detail: "another program has taken over", message: by.message })
  })

  const keep = hold.pipe(
    Effect.catchTag("RunInUse", (error) => {
      if (Deferred.doneUnsafe(first, Effect.fail(error))) return Effect.never
      return Effect.andThen(yieldTo(error), Effect.sleep(renewEvery))
    }),
    Effect.tapError((error) =>
      Effect.suspend(() => {
        if (status._tag !== "superseded") status = LeaseStatus.unclaimed({ detail: error.detail })
        Deferred.doneUnsafe(first, Effect.fail(error))
        return trail.degraded("RunLease", error)
      })
    ),
    Effect.retry(retrySchedule),
    Effect.forever
  )

  const keeper = yield* Effect.forkDetach(keep)
  const atMost = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.flatMap(Effect.forkDetach(effect), (fiber) => Effect.timeoutOption(Fiber.await(fiber), limits.end))

  yield* Effect.addFinalizer((exit) =>
    Effect.gen(function*() {
      if (status._tag === "held") {
        const escalated = yield* escalation.raised
        const reason = Option.isSome(escalated)
          ? `escalated: ${escalated.value.domain}`
          : Exit.isFailure(exit) && !Exit.hasInterrupts(exit)
          ? "failed"
          : "shutdown"
        yield* atMost(Effect.flatMap(DateTime.now, (at) => repo.endRun(runId, at, reason)))
      }
      yield* atMost(Fiber.interrupt(keeper))
    })
  )

  const begun = yield* Effect.exit(Effect.timeoutOption(Deferred.await(first), limits.begin))
  if (Exit.isSuccess(begun)) {
    if (Option.isNone(begun.value) && needed === "required") {
      return yield* new RepoUnavailable({
        operation: "Repo.claimRun",
        detail: `no answer within ${Duration.format(limits.begin)}`,
        cause: undefined
      })
    }
  } else {
    const failure = Exit.findErrorOption(begun)
    if (Option.isSome(failure) && (failure.value._tag === "RunInUse" || needed === "required")) {
      return yield* failure.value
    }
  }
  return RunLease.of({ status: Effect.sync(() => status) })
})

/**
 * The run, begun in the trail and held until the scope closes. It fails with `RunInUse` when another program is alive on
 * the same trail and, where the trail is required, with what keeps it from answering; else it goes on trying while the
 * program runs.
 */
export const layer = (
  settings: RunLeaseSettings
): Layer.Layer<RunLease, RepoError | RunInUse, Repo | TrailStatus | CurrentRun | Escalation> =>
  Layer.effect(RunLease, make(settings))
