import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { equal, matches, some } from "./Expect.ts"
import { at, makeEvent, makeRun, trail } from "./TrailSamples.ts"

const lease = Duration.seconds(15)

const end = (runId: string) =>
  Effect.gen(function*() {
    const repo = yield* trail
    yield* repo.endRun(runId, yield* DateTime.now, "shutdown")
  })

const runOf = Effect.fnUntraced(function*(runId: string) {
  const repo = yield* trail
  return yield* some((yield* repo.runs(1_000)).find((run) => run.runId === runId))
})

const oneOfEight = Effect.gen(function*() {
  const repo = yield* trail
  const programs = Array.from({ length: 8 }, () => makeRun())
  const scope = yield* Scope.make()
  const claims = yield* Effect.forEach(
    programs,
    (run) => Effect.result(Scope.provide(repo.claimRun(run, lease), scope)),
    { concurrency: "unbounded" }
  )
  const winner = yield* some(programs[claims.findIndex(Result.isSuccess)])
  const refusals = claims.flatMap((claim) => (Result.isFailure(claim) ? [claim.failure] : []))
  const { app, node, runId, startedAt } = winner
  yield* matches(refusals, Array.from({ length: 7 }, () => ({ _tag: "RunInUse", runId, app, node, since: startedAt })))
  const begun = (yield* repo.runs(8)).filter((run) => programs.some((one) => one.runId === run.runId))
  yield* matches(begun, [{ runId, endedAt: null }])
  yield* Scope.close(scope, Exit.void)
  yield* end(runId)
  const next = programs[0]!
  yield* Effect.scoped(repo.claimRun(next, lease))
  yield* end(next.runId)
})

const lost = Effect.gen(function*() {
  const repo = yield* trail
  const [dead, next] = [makeRun(), makeRun()]
  yield* repo.beginRun(dead)
  const rows = (["active", "restarting", "activating", "crashed", "inactive"] as const)
    .map((to) => makeEvent({ runId: dead.runId, domain: `${to}@${dead.runId}`, to }))
  yield* repo.record(rows)
  yield* Effect.scoped(repo.claimRun(next, lease))
  yield* equal(yield* runOf(dead.runId), { ...dead, endedAt: dead.lastSeenAt, exitReason: "lost" })
  const after = yield* Effect.forEach(rows, ({ domain }) =>
    Effect.gen(function*() {
      const { metadata, status } = yield* some(yield* repo.byDomainName(domain))
      return [status, metadata["state"], metadata["reason"]]
    }))
  yield* equal<unknown>(after, [
    ["inactive", "inactive", "lost"],
    ["inactive", "inactive", "lost"],
    ["inactive", "inactive", "lost"],
    ["crashed", "crashed", "activated"],
    ["inactive", "inactive", "activated"]
  ])
  yield* end(next.runId)
})

const endedLeavesRows = Effect.gen(function*() {
  const repo = yield* trail
  const run = makeRun()
  const domain = `zombie@${run.runId}`
  const before = makeEvent({ runId: run.runId, domain, to: "crashed" })
  const late = makeEvent({ runId: run.runId, domain, to: "active" })
  yield* repo.beginRun(run)
  yield* repo.record([before])
  yield* repo.endRun(run.runId, at(0), "lost")
  yield* repo.record([late])
  yield* equal((yield* repo.events({ runId: run.runId, order: "oldest" })).events, [before, late])
  yield* equal((yield* some(yield* repo.byDomainName(domain))).status, "crashed")
})

const claimedAgain = Effect.gen(function*() {
  const repo = yield* trail
  const run = makeRun()
  yield* repo.beginRun({ ...run, endedAt: run.lastSeenAt, exitReason: "lost" })
  yield* Effect.scoped(Effect.gen(function*() {
    const claim = yield* repo.claimRun(run, lease)
    yield* claim.renew
    const now = yield* runOf(run.runId)
    yield* matches(now, { endedAt: null, exitReason: null })
    yield* equal(DateTime.isGreaterThan(now.lastSeenAt, run.lastSeenAt), true)
  }))
  yield* end(run.runId)
})

const opensRenewsEnds = Effect.gen(function*() {
  const repo = yield* trail
  const make = (minute: number) => {
    const startedAt = at(10 ** 11 + minute * 60_000)
    return { ...makeRun(), startedAt, lastSeenAt: startedAt }
  }
  const [first, second] = [make(1), make(2)]
  yield* repo.beginRun(first)
  yield* repo.beginRun(second)
  yield* repo.beginRun({ ...first, app: "another" })
  yield* equal(yield* repo.runs(2), [second, first])
  const later = at(10 ** 11 + 10 ** 6)
  yield* repo.renewRun(first.runId, later)
  yield* repo.renewRun(first.runId, first.startedAt)
  yield* repo.endRun(second.runId, later, "SIGTERM")
  yield* equal(yield* repo.runs(2), [
    { ...second, lastSeenAt: later, endedAt: later, exitReason: "SIGTERM" },
    { ...first, lastSeenAt: later }
  ])
})

/** The laws of runs and of the claim on the trail. */
export const laws = {
  "is claimed by one of eight programs that start at once, and then by the next": oneOfEight,
  "closes a run that never recorded its end as lost, and its domains are no longer active": lost,
  "keeps the transitions of a run that has ended, but leaves the rows alone": endedLeavesRows,
  "continues a run that had been closed when its program claims it again": claimedAgain,
  "opens a run once, renews its lease, never back, and ends it": opensRenewsEnds
}
