import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import { TickGenerator } from "../../src/heartbeat/TickGenerator.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import { settle } from "../support/awaitState.ts"
import * as LogLines from "../support/LogLines.ts"
import { type Combination, combinations, domainsOf, text, type Verdict, verdict } from "./forkGrammar.ts"

const nameOf = (index: number) => `c${index}`

/** Runs combinations in one application, and says what each came to. */
const judge = (batch: ReadonlyArray<Combination>): Effect.Effect<ReadonlyArray<Verdict>> => {
  const made = batch.map((combination, index) => domainsOf(nameOf(index), combination))
  const app = Thunderline.layerTest({ domains: made.flatMap(({ domains }) => domains) }) as Layer.Layer<
    Thunderline.Infrastructure,
    Thunderline.StartError
  >
  return Effect.gen(function*() {
    const { lines } = yield* LogLines.LogLines
    const registry = yield* DomainRegistry
    const { emit } = yield* TickGenerator
    yield* emit
    yield* settle
    for (const { outside } of made) yield* Effect.forkDetach(outside, { startImmediately: true })
    for (let turn = 0; turn < 10; turn++) {
      yield* Effect.promise(() => new Promise((resume) => setImmediate(resume)))
      yield* TestClock.adjust("20 millis")
      yield* settle
    }
    yield* TestClock.adjust("3 seconds")
    yield* settle
    yield* emit
    yield* settle
    yield* TestClock.adjust("3 seconds")
    yield* settle
    const logged = new Set(
      lines.flatMap(({ annotations }) =>
        annotations["event.name"] === "thunderline.domain.fiber_failed" ? [String(annotations["domain"])] : []
      )
    )
    const states = new Map((yield* registry.snapshot).map((view) => [view.name, view.status._tag]))
    return batch.map((_, index): Verdict => {
      const names = made[index]!.domains.map(({ name }) => name)
      if (names.some((name) => states.get(name) === "crashed")) return "crash"
      return names.some((name) => logged.has(name)) ? "logged" : "quiet"
    })
  }).pipe(Effect.provide(app), Effect.provide(LogLines.layer), Effect.orDie)
}

describe("Whose failure it is", () => {
  it.effect(`every combination of ${combinations.length} forks is judged by the laws`, () =>
    Effect.gen(function*() {
      assert.isAbove(combinations.length, 7_000)
      const size = 400
      const wrong: Array<string> = []
      for (let from = 0; from < combinations.length; from += size) {
        const batch = combinations.slice(from, from + size)
        const found = yield* judge(batch)
        for (const [index, combination] of batch.entries()) {
          if (found[index] !== verdict(combination)) {
            wrong.push(`${found[index]} instead of ${verdict(combination)}: ${text(combination)}`)
          }
        }
      }
      assert.strictEqual(wrong.join("\n"), "")
    }), 60_000)
})
