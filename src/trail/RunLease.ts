/**
 * How this run stands in the trail. Use it to see whether another program has taken over. It is held and renewed by
 * Thunderline; there is nothing to call.
 */
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
import * as Backoff from "../model/Backoff.ts"
import { Escalation } from "../model/Escalation.ts"
import { CurrentRun } from "./CurrentRun.ts"
import { type RepoError, RepoUnavailable } from "./Repo.ts"
import { RepoWriter } from "./RepoWriter.ts"
import type { Run, RunInUse } from "./Run.ts"
import { TrailReports } from "./TrailReports.ts"

/**
 * `held`: the trail is this run's. `unclaimed`: the database has not answered yet, or does not any more. `superseded`:
 * this run did not renew for too long and another program has taken over; its transitions are still kept under its own
 * run, but do not change the present any more.
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
  /** How long a run that does not renew counts as alive (default 15 seconds). */
  readonly lease?: Duration.Input | undefined
  /** How often the lease is renewed (default 5 seconds). */
  readonly renewEvery?: Duration.Input | undefined
}

/** Where `trail` is `required`, the database has to answer at the start. */
export interface RunLeaseSettings {
  readonly run?: RunLeaseOptions | undefined
  readonly trail?: "best-effort" | "required" | undefined
}

/** The limits for the first claim, for a renewal before the trail counts as degraded, and for each step of the end. */
const limits = { begin: Duration.seconds(5), renewal: Duration.seconds(2), end: Duration.seconds(2) }

const retrySchedule = Backoff.schedule({ from: "100 millis", to: "2 seconds" })

/** The lease between its first claim and the end of the program. */
interface Keeper {
  readonly run: Run
  readonly lease: Duration.Duration
  readonly renewEvery: Duration.Duration
  /** What came of the first claim. */
  readonly first: Deferred.Deferred<void, RepoError | RunInUse>
  status: LeaseStatus
}

const unanswered = new RepoUnavailable({
  operation: "Repo.renewRun",
  detail: `a renewal was not answered for ${Duration.format(limits.renewal)}`,
  cause: undefined
})

/** Claims the trail and renews the claim until that fails. */
const hold = Effect.fnUntraced(function*(keeper: Keeper) {
  const writer = yield* RepoWriter
  const reports = yield* TrailReports
  const claim = yield* writer.claimRun(keeper.run, keeper.lease)
  if (keeper.status._tag === "superseded") yield* Effect.logInfo("[RunLease] This run holds the trail again")
  keeper.status = LeaseStatus.held()
  yield* reports.ok("RunLease")
  Deferred.doneUnsafe(keeper.first, Effect.void)
  // A renewal that is not answered is reported and awaited all the same: a frozen server also delays its interruption.
  const renew = Effect.scoped(Effect.gen(function*() {
    yield* Effect.forkScoped(Effect.delay(reports.degraded("RunLease", unanswered), limits.renewal))
    yield* claim.renew
    yield* reports.ok("RunLease")
  }))
  return yield* Effect.forever(Effect.delay(renew, keeper.renewEvery))
}, Effect.scoped)

/** Another program has taken over. This one's transitions must not change the present: its run ends. */
const giveWay = Effect.fnUntraced(function*(keeper: Keeper, by: RunInUse) {
  if (keeper.status._tag === "superseded") return
  const { run } = keeper
  const writer = yield* RepoWriter
  const at = yield* DateTime.now
  yield* writer.beginRun({ ...run, endedAt: at, exitReason: "superseded" })
  yield* writer.endRun(run.runId, at, "superseded")
  keeper.status = LeaseStatus.superseded({ by })
  yield* Effect.logError(`[RunLease] Another program has taken over: ${by.message}`)
  const reports = yield* TrailReports
  yield* reports.degraded("RunLease", { detail: "another program has taken over", message: by.message })
})

/** Holds the trail for ever: claims it again when the claim is lost, and gives way to a program that took over. */
const keep = (keeper: Keeper) =>
  hold(keeper).pipe(
    Effect.catchTag("RunInUse", (error) => {
      if (Deferred.doneUnsafe(keeper.first, Effect.fail(error))) return Effect.never
      return Effect.andThen(giveWay(keeper, error), Effect.sleep(keeper.renewEvery))
    }),
    Effect.tapError((error) => {
      if (keeper.status._tag !== "superseded") keeper.status = LeaseStatus.unclaimed({ detail: error.detail })
      Deferred.doneUnsafe(keeper.first, Effect.fail(error))
      return TrailReports.use((reports) => reports.degraded("RunLease", error))
    }),
    Effect.retry(retrySchedule),
    Effect.forever
  )

/** Why the run ends. */
const exitReason = Effect.fnUntraced(function*(exit: Exit.Exit<unknown, unknown>) {
  const escalated = yield* Escalation.use((escalation) => escalation.raised)
  if (Option.isSome(escalated)) return `escalated: ${escalated.value.domain}`
  return Exit.isFailure(exit) && !Exit.hasInterrupts(exit) ? "failed" : "shutdown"
})

const atMost = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.forkDetach(effect), (fiber) => Effect.timeoutOption(Fiber.await(fiber), limits.end))

const end = Effect.fnUntraced(
  function*(keeper: Keeper, fiber: Fiber.Fiber<never, unknown>, exit: Exit.Exit<unknown, unknown>) {
    if (keeper.status._tag === "held") {
      const writer = yield* RepoWriter
      const at = yield* DateTime.now
      yield* atMost(writer.endRun(keeper.run.runId, at, yield* exitReason(exit)))
    }
    yield* atMost(Fiber.interrupt(fiber))
  }
)

/** Fails where the program must not start: beside another one, or without the trail that it requires. */
const awaitFirst = Effect.fnUntraced(function*(keeper: Keeper, required: boolean) {
  const claimed = yield* Effect.exit(Effect.timeoutOption(Deferred.await(keeper.first), limits.begin))
  if (Exit.isSuccess(claimed)) {
    if (Option.isSome(claimed.value) || !required) return
    const detail = `no answer within ${Duration.format(limits.begin)}`
    return yield* new RepoUnavailable({ operation: "Repo.claimRun", detail, cause: undefined })
  }
  const failure = Exit.findErrorOption(claimed)
  if (Option.isSome(failure) && (failure.value._tag === "RunInUse" || required)) return yield* failure.value
})

const make = Effect.fnUntraced(function*({ run: options, trail }: RunLeaseSettings) {
  const { app, node, runId, startedAt, version } = yield* CurrentRun
  const keeper: Keeper = {
    run: { runId, app, node, version, startedAt, lastSeenAt: startedAt, endedAt: null, exitReason: null },
    lease: Duration.fromInputUnsafe(options?.lease ?? "15 seconds"),
    renewEvery: Duration.fromInputUnsafe(options?.renewEvery ?? "5 seconds"),
    first: Deferred.makeUnsafe(),
    status: LeaseStatus.unclaimed({ detail: "the database has not answered yet" })
  }
  const fiber = yield* Effect.forkDetach(keep(keeper))
  yield* Effect.addFinalizer((exit) => end(keeper, fiber, exit))
  yield* awaitFirst(keeper, trail === "required")
  return RunLease.of({ status: Effect.sync(() => keeper.status) })
})

/**
 * The run, begun in the trail and held until the scope closes. Fails with `RunInUse` when another program is alive on the
 * same trail and, where the trail is required, when the database does not answer; otherwise it keeps trying while the
 * program runs.
 */
export const layer = (
  settings: RunLeaseSettings
): Layer.Layer<RunLease, RepoError | RunInUse, RepoWriter | TrailReports | CurrentRun | Escalation> =>
  Layer.effect(RunLease, make(settings))
