import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Escalator from "../../src/supervision/Escalator.ts"
import * as CurrentRun from "../../src/trail/CurrentRun.ts"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"
import { Repo, RepoUnavailable, RunInUse } from "../../src/trail/Repo.ts"
import { RepoWriter } from "../../src/trail/RepoWriter.ts"
import * as RunLease from "../../src/trail/RunLease.ts"
import * as TrailStatus from "../../src/trail/TrailStatus.ts"
import { awaitState } from "../support/awaitState.ts"

/** A trail in memory whose claims fail with what is set here, at first and while they are held, or are not answered. */
class Trouble extends Context.Service<Trouble, {
  now: RepoUnavailable | RunInUse | undefined
  /** Renewals are not answered for as long. */
  frozen: boolean
}>()("test/Trouble") {}

const away = new RepoUnavailable({ operation: "Repo.claimRun", detail: "by test", cause: undefined })
const taken = new RunInUse({ runId: "another", app: "app", node: "there", since: DateTime.makeUnsafe(0) })

const trail = Layer.effectContext(Effect.gen(function*() {
  const writer = yield* RepoWriter
  const trouble = Trouble.of({ now: undefined, frozen: false })
  const check = Effect.suspend(() => (trouble.now === undefined ? Effect.void : Effect.fail(trouble.now)))
  const thaw: Effect.Effect<void> = Effect.suspend(() =>
    trouble.frozen ? Effect.andThen(Effect.sleep("100 millis"), thaw) : Effect.void
  )
  const renewal = Effect.mapError(check, () => away)
  return Context.make(Trouble, trouble).pipe(Context.add(
    RepoWriter,
    RepoWriter.of({
      ...writer,
      claimRun: (run, lease) =>
        Effect.andThen(check, writer.claimRun(run, lease)).pipe(
          Effect.map(({ renew }) => ({ renew: thaw.pipe(Effect.andThen(renewal), Effect.andThen(renew)) }))
        )
    })
  ))
})).pipe(
  Layer.provideMerge(MemoryRepo.layer),
  Layer.provideMerge(Layer.mergeAll(CurrentRun.layer({ app: "shop" }), Escalator.layer, TrailStatus.layer))
)

const start = (settings: RunLease.RunLeaseSettings = {}) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const context = yield* Layer.buildWithScope(RunLease.layer(settings), scope)
    return { scope, status: Context.get(context, RunLease.RunLease).status }
  })

const run = Repo.use((repo) => Effect.map(repo.runs(), ([run]) => run))

const becomes = (status: Effect.Effect<RunLease.LeaseStatus>, tag: RunLease.LeaseStatus["_tag"]) =>
  awaitState(tag, Effect.map(status, ({ _tag }) => _tag === tag))

describe("RunLease", () => {
  it.effect("begins the run, renews its lease every 5 seconds, and ends it with the reason", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 minute")
      const { scope, status } = yield* start()
      assert.deepStrictEqual(yield* status, RunLease.LeaseStatus.held())
      assert.include(yield* run, { app: "shop", endedAt: null, exitReason: null })
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual((yield* run)!.lastSeenAt, DateTime.makeUnsafe(65_000))
      yield* TestClock.adjust("3 seconds")
      yield* Scope.close(scope, Exit.void)
      assert.deepInclude(yield* run, { endedAt: DateTime.makeUnsafe(68_000), exitReason: "shutdown" })
    }).pipe(Effect.provide(trail)))

  it.effect("ends it with the domain that escalated, and with a failure", () =>
    Effect.gen(function*() {
      const failed = yield* start()
      yield* Scope.close(failed.scope, Exit.fail("no"))
      assert.strictEqual((yield* run)!.exitReason, "failed")
      const escalated = yield* start()
      const { raise } = yield* Escalator.Escalator
      raise("vital", "no")
      yield* Scope.close(escalated.scope, Exit.void)
      assert.strictEqual((yield* run)!.exitReason, "escalated: vital")
    }).pipe(Effect.provide(trail)))

  it.effect("lets the program start while the database is away, and begins the run when it is back", () =>
    Effect.gen(function*() {
      const trouble = yield* Trouble
      trouble.now = away
      const { status } = yield* start()
      assert.deepStrictEqual(yield* status, RunLease.LeaseStatus.unclaimed({ detail: "by test" }))
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(yield* run)
      trouble.now = undefined
      yield* TestClock.adjust("3 seconds")
      yield* becomes(status, "held")
      assert.include(yield* run, { endedAt: null })
    }).pipe(Effect.provide(trail)))

  it.effect("does not start without a trail where it is required", () =>
    Effect.gen(function*() {
      const trouble = yield* Trouble
      trouble.now = away
      assert.strictEqual(yield* Effect.flip(start({ trail: "required" })), away)
    }).pipe(Effect.provide(trail)))

  it.effect("does not start beside another program", () =>
    Effect.gen(function*() {
      const trouble = yield* Trouble
      trouble.now = taken
      assert.strictEqual(yield* Effect.flip(start()), taken)
      assert.isUndefined(yield* run)
    }).pipe(Effect.provide(trail)))

  it.effect("claims the trail again when the claim is lost, without the program noticing", () =>
    Effect.gen(function*() {
      const trouble = yield* Trouble
      const { status } = yield* start()
      trouble.now = away
      yield* TestClock.adjust("5 seconds")
      yield* becomes(status, "unclaimed")
      trouble.now = undefined
      yield* TestClock.adjust("3 seconds")
      yield* becomes(status, "held")
      assert.include(yield* run, { endedAt: null })
    }).pipe(Effect.provide(trail)))

  it.effect("shows by the trail's status that the database is away, although there is nothing to write", () =>
    Effect.gen(function*() {
      const trouble = yield* Trouble
      const { status } = yield* TrailStatus.TrailStatus
      yield* start()
      assert.deepStrictEqual(status(), TrailStatus.TrailState.ok())
      trouble.now = away
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(status(), TrailStatus.TrailState.degraded({ since: 5_000, detail: "by test" }))
      trouble.now = undefined
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(status(), TrailStatus.TrailState.ok())
      trouble.frozen = true
      yield* TestClock.adjust("7 seconds")
      assert.deepInclude(status(), { detail: "a renewal was not answered for 2s" })
      trouble.frozen = false
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(status(), TrailStatus.TrailState.ok())
    }).pipe(Effect.provide(trail)))

  it.effect("leaves the present to a program that took over, and takes it back when that one has ended", () =>
    Effect.gen(function*() {
      const trouble = yield* Trouble
      const { status } = yield* start()
      trouble.now = taken
      yield* TestClock.adjust("8 seconds")
      yield* becomes(status, "superseded")
      assert.strictEqual((yield* run)!.exitReason, "superseded")
      assert.deepInclude((yield* TrailStatus.TrailStatus).status(), { detail: "another program has taken over" })
      trouble.now = undefined
      yield* TestClock.adjust("5 seconds")
      yield* becomes(status, "held")
      assert.include(yield* run, { endedAt: null, exitReason: null })
    }).pipe(Effect.provide(trail)))
})
