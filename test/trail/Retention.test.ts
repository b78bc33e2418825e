import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"
import { Repo, RepoUnavailable } from "../../src/trail/Repo.ts"
import { RepoWriter } from "../../src/trail/RepoWriter.ts"
import * as Retention from "../../src/trail/Retention.ts"
import { settle } from "../support/awaitState.ts"
import * as LogLines from "../support/LogLines.ts"
import { event } from "../support/values.ts"

const at = DateTime.makeUnsafe
const day = 86_400_000

/** The trail in memory, which counts what each pruning took, and is away when it is told. */
const trail = (pruned: Array<number>, away: () => boolean) =>
  Layer.effect(
    RepoWriter,
    Effect.map(RepoWriter, (writer) =>
      RepoWriter.of({
        ...writer,
        prune: (before, limit) =>
          away()
            ? Effect.fail(new RepoUnavailable({ operation: "Repo.prune", detail: "by test", cause: undefined }))
            : Effect.tap(writer.prune(before, limit), (count) => Effect.sync(() => pruned.push(count)))
      }))
  ).pipe(Layer.provideMerge(MemoryRepo.layer), Layer.provideMerge(LogLines.layer))

const left = Repo.use((repo) => Effect.map(repo.events({ limit: 1_000 }), (page) => page.events.length))

describe("Retention", () => {
  it.effect("removes what is older a thousand at a time, with pauses, at the start and every hour", () => {
    const pruned: Array<number> = []
    return Effect.gen(function*() {
      const writer = yield* RepoWriter
      yield* TestClock.setTime(40 * day)
      // One a minute for the last 2,600 minutes of day 10, and one that is an hour from being too old.
      yield* writer.record(
        Array.from({ length: 2_600 }, (_, i) => event(i + 1, { occurredAt: at(10 * day - i * 60_000 - 1) }))
      )
      yield* writer.record([event(3_000, { occurredAt: at(10 * day + 1_800_000) })])
      yield* Layer.build(Retention.layer("30 days"))
      yield* settle
      assert.deepStrictEqual(pruned, [1_000])
      yield* TestClock.adjust("250 millis")
      yield* settle
      assert.deepStrictEqual(pruned, [1_000, 1_000, 600])
      assert.strictEqual(yield* left, 1)
      yield* TestClock.adjust("1 hour")
      yield* settle
      assert.deepStrictEqual(pruned, [1_000, 1_000, 600, 1])
      assert.strictEqual(yield* left, 0)
    }).pipe(Effect.provide(trail(pruned, () => false)))
  })

  it.effect("waits for a database that is away, and says so", () => {
    const pruned: Array<number> = []
    let away = true
    return Effect.gen(function*() {
      const { texts } = yield* LogLines.LogLines
      yield* TestClock.setTime(40 * day)
      yield* Layer.build(Retention.layer("30 days"))
      yield* settle
      assert.deepStrictEqual(texts(), [
        "[Retention] Repo.prune: the database cannot be reached: by test; trying again in an hour"
      ])
      away = false
      yield* TestClock.adjust("1 hour")
      yield* settle
      assert.deepStrictEqual(pruned, [0])
    }).pipe(Effect.provide(trail(pruned, () => away)))
  })

  it.effect("keeps all without an age", () => {
    const pruned: Array<number> = []
    return Effect.gen(function*() {
      const writer = yield* RepoWriter
      yield* writer.record([event(1)])
      yield* TestClock.setTime(4_000 * day)
      yield* Layer.build(Retention.layer(undefined))
      yield* TestClock.adjust("2 hours")
      assert.strictEqual(yield* left, 1)
    }).pipe(Effect.provide(trail(pruned, () => false)))
  })
})
