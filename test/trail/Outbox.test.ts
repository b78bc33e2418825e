import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { layer } from "../../src/trail/Outbox.ts"
import { Repo } from "../../src/trail/Repo.ts"
import * as TrailStatus from "../../src/trail/TrailStatus.ts"
import { int } from "../support/arbitraries.ts"
import { awaitState, settle } from "../support/awaitState.ts"
import * as FaultyRepo from "../support/FaultyRepo.ts"
import * as LogLines from "../support/LogLines.ts"
import { event } from "../support/values.ts"

import { attempts, events, ids, outbox, trail, wholeOutbox } from "../support/outbox.ts"

const { Faults } = FaultyRepo

describe("Outbox", () => {
  it.effect("writes what it is offered, in order, in batches of at most batchSize", () =>
    Effect.gen(function*() {
      const { flush, offer, stats } = yield* wholeOutbox
      offer(events(1, 5))
      offer(events(6, 10))
      assert.deepInclude(yield* stats, { backlog: 10, written: 0 })
      yield* flush
      assert.deepStrictEqual((yield* Faults).batches, [ids(1, 4), ids(5, 8), ids(9, 10)])
      assert.deepStrictEqual(yield* trail, ids(1, 10))
      assert.deepStrictEqual(yield* stats, { status: TrailStatus.TrailState.ok(), backlog: 0, written: 10, dropped: 0 })
    }).pipe(Effect.provide(outbox({ batchSize: 4 }))))

  it.effect("is flushed at once when it is empty, and takes an empty offer", () =>
    Effect.gen(function*() {
      const { flush, offer } = yield* wholeOutbox
      yield* flush
      offer([])
      yield* flush
      yield* settle
      assert.strictEqual((yield* Faults).attempts, 0)
    }).pipe(Effect.provide(outbox())))

  it.effect("says trail: degraded once when the database goes away, keeps on trying, and says ok when it is back", () =>
    Effect.gen(function*() {
      const { flush, offer, stats } = yield* wholeOutbox
      const faults = yield* Faults
      const { lines } = yield* LogLines.LogLines
      yield* TestClock.adjust("7 seconds")
      faults.down = true
      offer(events(1, 2))
      yield* awaitState("a write was tried", attempts(1))
      yield* settle
      const degraded = TrailStatus.TrailState.degraded({ since: 7_000, detail: "by test" })
      assert.deepStrictEqual(yield* stats, { status: degraded, backlog: 2, written: 0, dropped: 0 })
      yield* TestClock.adjust("1 minute")
      offer(events(3, 3))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* stats, { status: degraded, backlog: 3, written: 0, dropped: 0 })
      // From 100 ms up to every 2 s, a fifth of jitter: between 50 and 80 attempts in two minutes.
      assert.isAtLeast(faults.attempts, 50)
      assert.isAtMost(faults.attempts, 85)
      const flushing = yield* Effect.forkChild(flush)
      yield* settle
      assert.isUndefined(flushing.pollUnsafe())
      faults.down = false
      yield* TestClock.adjust("2400 millis")
      yield* Fiber.join(flushing)
      assert.deepStrictEqual(yield* stats, { status: TrailStatus.TrailState.ok(), backlog: 0, written: 3, dropped: 0 })
      assert.deepStrictEqual(yield* trail, ids(1, 3))
      assert.deepStrictEqual(lines.map((line) => [line.level, line.text]), [
        ["Warn", "[Outbox] trail: degraded, record: the database cannot be reached: by test"],
        ["Info", "[Outbox] trail: ok, 1 transitions left to write"]
      ])
    }).pipe(Effect.provide(outbox())))

  it.effect("survives a write that is cut off from within, and writes it again", () =>
    Effect.gen(function*() {
      const { flush, offer, stats } = yield* wholeOutbox
      const faults = yield* Faults
      faults.cuts = 2
      offer(events(1, 3))
      yield* awaitState("a write was tried", attempts(1))
      yield* TestClock.adjust("10 seconds")
      yield* awaitState("it is written", Effect.map(stats, ({ written }) => written === 3))
      yield* flush
      assert.deepStrictEqual(yield* trail, ids(1, 3))
      assert.deepInclude(yield* stats, { backlog: 0, dropped: 0 })
    }).pipe(Effect.provide(outbox())))

  it.effect("drops the oldest that are not being written when it is full, counts them exactly, and says so", () =>
    Effect.gen(function*() {
      const { flush, offer, stats } = yield* wholeOutbox
      const faults = yield* Faults
      const { texts } = yield* LogLines.LogLines
      faults.down = true
      offer(events(1, 4))
      yield* awaitState("a write was tried", attempts(1))
      offer(events(5, 12))
      assert.deepInclude(yield* stats, { backlog: 10, dropped: 2 })
      offer(events(13, 15))
      assert.deepInclude(yield* stats, { backlog: 10, dropped: 5 })
      faults.down = false
      yield* TestClock.adjust("3 seconds")
      yield* flush
      assert.deepStrictEqual(yield* trail, [...ids(1, 4), ...ids(10, 15)])
      assert.deepInclude(yield* stats, { backlog: 0, written: 10, dropped: 5 })
      assert.include(texts(), "[Outbox] No longer full: 5 transitions were dropped, see the gap in the trail")
    }).pipe(Effect.provide(outbox({ capacity: 10, batchSize: 4 }))))

  it.effect("counts right at any moment, also while it says that it was full", () => {
    const sums: Array<number> = []
    let look = () => {}
    const logger = Logger.make(() => look())
    return Effect.gen(function*() {
      const { flush, offer, stats } = yield* wholeOutbox
      look = () => {
        const { backlog, dropped, written } = Effect.runSyncWith(Context.empty())(stats)
        sums.push(backlog + dropped + written)
      }
      offer(events(1, 15))
      yield* flush
      assert.deepStrictEqual(sums, [15, 15])
      assert.deepInclude(yield* stats, { dropped: 5, written: 10 })
    }).pipe(Effect.provide(
      layer({ capacity: 10 }).pipe(
        Layer.provide(Layer.merge(FaultyRepo.layer, TrailStatus.layer)),
        Layer.provide(Logger.layer([logger]))
      )
    ))
  })

  it.effect("drops the oldest also when a whole batch is larger than it holds", () =>
    Effect.gen(function*() {
      const { flush, offer, stats } = yield* wholeOutbox
      const faults = yield* Faults
      faults.down = true
      offer(events(1, 10))
      yield* awaitState("a write was tried", attempts(1))
      offer(events(11, 30))
      assert.deepInclude(yield* stats, { backlog: 10, dropped: 20 })
      faults.down = false
      yield* TestClock.adjust("3 seconds")
      yield* flush
      assert.deepStrictEqual((yield* trail).slice(-5), ids(26, 30))
    }).pipe(Effect.provide(outbox({ capacity: 10 }))))

  it.effect("takes half a million at once, as when many domains are shut down", () =>
    Effect.gen(function*() {
      const { offer, stats } = yield* wholeOutbox
      const one = event(1)
      offer(Array.from({ length: 500_000 }, () => one))
      assert.deepInclude(yield* stats, { backlog: 10_000, dropped: 490_000 })
    }).pipe(Effect.provide(outbox())))

  it.effect("loses only the row that the database refuses, and logs which", () =>
    Effect.gen(function*() {
      const { flush, offer, stats } = yield* wholeOutbox
      const faults = yield* Faults
      const { lines } = yield* LogLines.LogLines
      faults.refused.add(event(3).id)
      faults.refused.add(event(8).id)
      offer(events(1, 9))
      yield* flush
      assert.deepStrictEqual(yield* trail, [...ids(1, 2), ...ids(4, 7), ...ids(9, 9)])
      assert.deepStrictEqual(yield* stats, { status: TrailStatus.TrailState.ok(), backlog: 0, written: 7, dropped: 2 })
      assert.deepStrictEqual(lines.map((line) => [line.level, line.text]), [
        ["Error", `[Outbox] The database refused transition ${event(3).id} of one`],
        ["Error", `[Outbox] The database refused transition ${event(8).id} of one`]
      ])
    }).pipe(Effect.provide(outbox())))

  it.effect("counts nothing twice while it looks for a refused row and the database goes away", () =>
    Effect.gen(function*() {
      const { flush, offer, stats } = yield* wholeOutbox
      const faults = yield* Faults
      faults.refused.add(event(4).id)
      offer(events(1, 4))
      // The whole, then the first half, which is committed; the second half finds the database gone.
      faults.committed = () => {
        faults.down = true
      }
      yield* awaitState("the second half is tried", attempts(3))
      const { backlog, dropped, written } = yield* stats
      assert.deepStrictEqual({ backlog, dropped, written }, { backlog: 2, dropped: 0, written: 2 })
      faults.committed = () => {}
      faults.down = false
      yield* TestClock.adjust("10 seconds")
      yield* flush
      assert.deepInclude(yield* stats, { backlog: 0, dropped: 1, written: 3 })
    }).pipe(Effect.provide(outbox())))

  it.effect("marks the next transition that is written with the gap before it", () =>
    Effect.gen(function*() {
      const { flush, offer } = yield* wholeOutbox
      const faults = yield* Faults
      faults.down = true
      offer(events(1, 4))
      yield* awaitState("a write was tried", attempts(1))
      offer(events(5, 12))
      offer(events(13, 15))
      faults.refused.add(event(12).id)
      faults.down = false
      yield* TestClock.adjust("3 seconds")
      yield* flush
      const { events: kept } = yield* Repo.use((repo) => repo.events({ order: "oldest" }))
      const marked = kept.flatMap(({ id, metadata }) => ("gap" in metadata ? [[id, metadata["gap"]]] : []))
      assert.deepStrictEqual(marked, [
        [event(10).id, {
          dropped: 5,
          firstId: event(5).id,
          lastId: event(9).id,
          since: "1970-01-01T00:00:00.005Z",
          until: "1970-01-01T00:00:00.009Z"
        }],
        [event(13).id, {
          dropped: 1,
          firstId: event(12).id,
          lastId: event(12).id,
          since: "1970-01-01T00:00:00.012Z",
          until: "1970-01-01T00:00:00.012Z"
        }]
      ])
    }).pipe(Effect.provide(outbox({ capacity: 10, batchSize: 4 }))))

  it.effect("says that it is full once, at the moment it is, also while a write is stuck", () =>
    Effect.gen(function*() {
      const { flush, offer, stats } = yield* wholeOutbox
      const faults = yield* Faults
      const { texts } = yield* LogLines.LogLines
      faults.frozen = true
      offer(events(1, 4))
      yield* awaitState("a write was tried", attempts(1))
      for (let n = 5; n < 50; n += 5) offer(events(n, n + 4))
      assert.deepStrictEqual(texts(), ["[Outbox] Full at 10: the oldest transitions are dropped from now on"])
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* stats).status._tag, "degraded")
      faults.frozen = false
      yield* flush
      assert.deepStrictEqual(texts().slice(1), [
        "[Outbox] trail: degraded, Repo.record: the database cannot be reached: a write was not answered for 2s",
        "[Outbox] trail: ok, 6 transitions left to write",
        "[Outbox] No longer full: 39 transitions were dropped, see the gap in the trail"
      ])
      assert.deepStrictEqual((yield* stats).status, TrailStatus.TrailState.ok())
    }).pipe(Effect.provide(outbox({ capacity: 10, batchSize: 4 }))))

  it.effect("abandons a write that is not answered, and tries again", () =>
    Effect.gen(function*() {
      const { flush, offer, stats } = yield* wholeOutbox
      const faults = yield* Faults
      faults.frozen = true
      offer(events(1, 3))
      yield* awaitState("a write was tried", attempts(1))
      yield* TestClock.adjust("30 seconds")
      faults.frozen = false
      yield* TestClock.adjust("200 millis")
      yield* flush
      assert.isAtLeast(faults.attempts, 2)
      assert.deepStrictEqual(yield* trail, ids(1, 3))
      assert.deepInclude(yield* stats, { written: 3, dropped: 0 })
    }).pipe(Effect.provide(outbox())))

  it.effect("takes a defect of the database for an outage, and one that stays for a bad row", () =>
    Effect.gen(function*() {
      const { flush, offer, stats } = yield* wholeOutbox
      const faults = yield* Faults
      faults.defects = 3
      offer(events(1, 2))
      yield* TestClock.adjust("10 seconds")
      yield* flush
      assert.deepStrictEqual(yield* trail, ids(1, 2))
      faults.defects = 4
      offer(events(3, 3))
      yield* TestClock.adjust("10 seconds")
      yield* flush
      assert.deepInclude(yield* stats, { written: 2, dropped: 1 })
    }).pipe(Effect.provide(outbox())))

  it.effect("tells who follows transitions when they are committed, or that one was dropped", () =>
    Effect.gen(function*() {
      const { flush, follow, offer } = yield* wholeOutbox
      const faults = yield* Faults
      const followed = (from: number, to: number) => {
        const receipt = follow()
        offer(events(from, to))
        receipt.end()
        return receipt.committed
      }
      yield* followed(1, 0)
      const first = yield* Effect.forkChild(followed(1, 2))
      yield* settle
      assert.deepStrictEqual(first.pollUnsafe(), Exit.void)
      faults.down = true
      const [kept, lost] = [followed(3, 4), followed(5, 6)]
      yield* awaitState("a write was tried", attempts(2))
      const waiting = yield* Effect.forkChild(kept)
      offer(events(7, 16))
      assert.strictEqual((yield* Effect.flip(lost)).detail, "the outbox was full")
      yield* settle
      assert.isUndefined(waiting.pollUnsafe())
      faults.refused.add(event(17).id)
      faults.down = false
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(waiting)
      assert.strictEqual((yield* Effect.flip(followed(17, 17))).detail, "the database refused it")
      yield* flush
    }).pipe(Effect.provide(outbox({ capacity: 10, batchSize: 2 }))))

  it.effect.prop(
    "whatever outages, overflows and refusals: each transition is written once, in order, or counted as dropped",
    {
      steps: Arbitrary.array(
        Arbitrary.all({ offered: int(0, 6), fault: int(0, 7), refuse: int(0, 40), waitMs: int(0, 900) }),
        { maxLength: 40 }
      ),
      capacity: int(1, 12),
      batchSize: int(1, 8)
    },
    ({ batchSize, capacity, steps }) =>
      Effect.gen(function*() {
        const { flush, offer, stats } = yield* wholeOutbox
        const faults = yield* Faults
        let offered = 0
        for (const step of steps) {
          if (step.fault === 0) faults.down = true
          if (step.fault === 1) faults.down = false
          if (step.fault === 2) faults.cuts++
          if (step.refuse > 0 && step.refuse <= step.offered) faults.refused.add(event(offered + step.refuse).id)
          offer(events(offered + 1, offered + step.offered))
          offered += step.offered
          const { backlog, dropped, written } = yield* stats
          assert.strictEqual(written + dropped + backlog, offered)
          assert.isAtMost(backlog, capacity)
          if (step.waitMs > 600) yield* TestClock.adjust(step.waitMs)
          else for (let turn = 0; turn < step.waitMs % 7; turn++) yield* Effect.yieldNow
        }
        faults.down = false
        const flushing = yield* Effect.forkChild(flush)
        yield* TestClock.adjust("20 seconds")
        yield* Fiber.join(flushing)
        const wrote = faults.batches.flat()
        assert.deepStrictEqual(wrote, wrote.toSorted())
        assert.strictEqual(new Set(wrote).size, wrote.length)
        assert.isTrue(faults.batches.every((batch) => batch.length <= batchSize))
        assert.isTrue(wrote.every((id) => !faults.refused.has(id)))
        assert.deepStrictEqual(yield* trail, wrote)
        const { backlog, dropped, status, written } = yield* stats
        assert.deepStrictEqual(
          { backlog, written, dropped, status: status._tag },
          { backlog: 0, written: wrote.length, dropped: offered - wrote.length, status: "ok" as const }
        )
      }).pipe(Effect.provide(outbox({ batchSize, capacity })))
  )
})
