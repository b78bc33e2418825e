import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { DomainEvent } from "../src/model/DomainEvent.ts"
import * as CurrentRun from "../src/trail/CurrentRun.ts"

/** Transitions like a program's own: of a hundred domains that crash and come back, each sorting after the one before. */
export const makeEvents = Effect.gen(function*() {
  const run = yield* CurrentRun.make({ app: "bench", node: "bench" })
  const states = ["crashed", "restarting", "activating", "active"] as const
  let made = 0
  return (count: number): ReadonlyArray<DomainEvent> =>
    Array.from({ length: count }, () => {
      const n = made++
      const step = (n / 100 | 0) % states.length
      return {
        id: run.nextId(),
        runId: run.runId,
        node: run.node,
        domain: `domain-${n % 100}`,
        generation: n / 400 | 0,
        epoch: 1,
        tick: n / 100 | 0,
        wave: null,
        from: states[(step + 3) % states.length]!,
        to: states[step]!,
        reason: "failure",
        cause: step === 0 ? "Error: the connection was reset by the other side" : null,
        durationMs: 1.25,
        metadata: step === 1 ? { attempt: 1, delayMs: 200 } : {},
        traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
        spanId: "00f067aa0ba902b7",
        occurredAt: DateTime.makeUnsafe(Date.now())
      }
    })
})
