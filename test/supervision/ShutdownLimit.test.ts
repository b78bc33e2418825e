import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as Domain from "../../src/model/Domain.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"
import * as Repo from "../../src/trail/Repo.ts"
import type { RepoWriter } from "../../src/trail/RepoWriter.ts"
import { brief, tick } from "../support/app.ts"
import { settle } from "../support/awaitState.ts"
import * as LogLines from "../support/LogLines.ts"

/** What does not end, however it is asked to. */
const stuck = Layer.effectDiscard(Effect.acquireRelease(Effect.void, () => Effect.never))

/** How long a scope takes to close, in seconds of virtual time; at most a minute. */
const closing = (scope: Scope.Closeable) =>
  Effect.gen(function*() {
    const started = yield* Clock.currentTimeMillis
    const fiber = yield* Effect.forkDetach(Scope.close(scope, Exit.void), { startImmediately: true })
    yield* settle
    while (fiber.pollUnsafe() === undefined) {
      const passed = (yield* Clock.currentTimeMillis) - started
      if (passed >= 60_000) return Infinity
      yield* TestClock.adjust("100 millis")
      yield* settle
    }
    return ((yield* Clock.currentTimeMillis) - started) / 1_000
  })

type Options = Parameters<typeof Thunderline.layer<ReadonlyArray<Domain.Any>, never, never>>[0]

/** Starts an application and ends it. */
const run = (options: Options) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const app = Thunderline.layer({ ...options, heartbeat: "manual" }) as Layer.Layer<
      Thunderline.Infrastructure,
      Thunderline.StartError
    >
    yield* Layer.buildWithScope(app, scope).pipe(Effect.flatMap((context) => Effect.provideContext(tick, context)))
    const lines = yield* LogLines.LogLines
    const seconds = yield* closing(scope)
    return {
      seconds,
      errors: lines.lines.filter(({ level }) => level === "Error").map(({ text }) => text)
    }
  }).pipe(Effect.provide(LogLines.layer))

/** Domains in a row, each of which takes its whole shutdownTimeout. */
const row = (length: number, shutdownTimeout: Duration.Input) => {
  const domains: Array<Domain.Any> = []
  for (let i = 0; i < length; i++) {
    domains.push(Domain.make(`d${i}`, { dependsOn: domains.slice(-1), layer: stuck, shutdownTimeout }))
  }
  return domains
}

describe("the shutdown of an application", () => {
  it.effect("takes as long as its domains' own time-outs, where they are shorter than its own", () =>
    Effect.gen(function*() {
      const { errors, seconds } = yield* run({ domains: row(3, "2 seconds") })
      assert.approximately(seconds, 6, 0.2)
      assert.deepStrictEqual(errors, [])
    }))

  it.effect("abandons the domains that are left after four fifths of its time, and names each", () =>
    Effect.gen(function*() {
      const { errors, seconds } = yield* run({ domains: row(5, "8 seconds") })
      assert.approximately(seconds, 20, 0.2)
      assert.sameMembers(
        errors,
        ["D0", "D1", "D2"].map((name) =>
          `[${name}] Shutdown exceeded the application's shutdownTimeout (25s); abandoned`
        )
      )
    }))

  it.effect("begins to close every domain, also those that it abandons", () => {
    const closed: Array<string> = []
    const noting = (name: string) =>
      Layer.effectDiscard(Effect.addFinalizer(() => Effect.sync(() => closed.push(name))))
    const last = Domain.make("last", { layer: noting("last") })
    const first = Domain.make("first", { dependsOn: [last], layer: Layer.merge(noting("first"), stuck) })
    return Effect.gen(function*() {
      const { seconds } = yield* run({ domains: [last, first], shutdownTimeout: "5 seconds" })
      assert.approximately(seconds, 4, 0.2)
      assert.deepStrictEqual(closed, ["first", "last"])
    })
  })

  it.effect("has the last transitions in the trail, also of what was abandoned", () =>
    Effect.gen(function*() {
      const trail = yield* Effect.context<Repo.Repo | RepoWriter>()
      yield* run({ domains: row(2, "10 seconds"), shutdownTimeout: "5 seconds", repo: Layer.succeedContext(trail) })
      const { events } = yield* Repo.Repo.use((repo) => repo.events({ order: "oldest" }))
      const ends = events.filter(({ to }) => to === "inactive")
      assert.sameMembers(ends.map(brief), ["d0: deactivating -> inactive", "d1: deactivating -> inactive"])
      for (const { metadata } of ends) assert.deepStrictEqual(metadata, { abandoned: true })
    }).pipe(Effect.provide(MemoryRepo.layer)))

  it.effect("abandons a repo that does not end, and names it", () =>
    Effect.gen(function*() {
      const repo = MemoryRepo.layer.pipe(Layer.provideMerge(stuck))
      const { errors, seconds } = yield* run({ domains: [], repo, shutdownTimeout: "10 seconds" })
      assert.approximately(seconds, 10, 0.2)
      assert.deepStrictEqual(errors, ["[Thunderline] Shutdown exceeded shutdownTimeout (10s); abandoned: repo"])
    }))

  it.effect("names every stage that had no time left", () =>
    Effect.gen(function*() {
      const repo = Layer.merge(MemoryRepo.layer, stuck)
      const domain = Domain.make("slow", { layer: stuck, shutdownTimeout: "1 hour" })
      const { errors, seconds } = yield* run({ domains: [domain], repo, shutdownTimeout: "10 seconds" })
      assert.approximately(seconds, 10, 0.2)
      assert.deepStrictEqual(errors, [
        "[Slow] Shutdown exceeded the application's shutdownTimeout (10s); abandoned",
        "[Thunderline] Shutdown exceeded shutdownTimeout (10s); abandoned: repo"
      ])
    }))

  it.effect("is awaited to its end where it is in time, and hands on how it failed", () =>
    Effect.gen(function*() {
      const repo = MemoryRepo.layer.pipe(
        Layer.provideMerge(Layer.effectDiscard(Effect.addFinalizer(() => Effect.delay(Effect.die("no"), "1 second"))))
      )
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(Thunderline.layer({ domains: [], repo, heartbeat: "manual" }), scope)
      const fiber = yield* Effect.forkDetach(Effect.exit(Scope.close(scope, Exit.void)), { startImmediately: true })
      yield* settle
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      yield* settle
      const exit = fiber.pollUnsafe()
      assert.isTrue(exit !== undefined && Exit.isSuccess(exit) && Exit.hasDies(exit.value))
    }).pipe(Effect.provide(LogLines.layer)))
})
