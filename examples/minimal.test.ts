import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Thunderline } from "thunderline"
import { EventLog, Fault, Simulation, Ticks } from "thunderline/testing"
import { domains } from "./minimal.ts"

it.effect("the visitor leaves before the greeter crashes, and comes back after it", () =>
  Effect.gen(function*() {
    const { events, heartbeat } = yield* Simulation.run({
      domains,
      script: { faults: [{ _tag: "KillWorker", domain: "greeter", generation: 1, ms: 2500 }] },
      ticks: 60,
      seed: 42
    })
    const [left] = EventLog.expectInOrder(
      events,
      "visitor: active -> deactivating",
      "greeter: active -> crashed",
      "greeter: activating -> active",
      "visitor: activating -> active"
    )
    EventLog.expectNone(events, "visitor: * -> crashed")
    assert.strictEqual(left!.tick, 3)
    assert.strictEqual(heartbeat.tickCount, 60)
  }))

it.effect("the visitor waits until the greeter, which is slow to start, is there", () =>
  Effect.gen(function*() {
    yield* Ticks.send
    yield* Ticks.awaitStates({ greeter: "activating", visitor: "waiting" })
    yield* TestClock.adjust("3 seconds")
    yield* Ticks.awaitStates({ greeter: "active", visitor: "active" })
    assert.deepStrictEqual(EventLog.transitions(yield* EventLog.read, "visitor"), [
      "visitor: waiting -> activating",
      "visitor: activating -> active"
    ])
  }).pipe(Effect.provide(Layer.unwrap(Effect.map(
    Fault.inject(domains, [{ _tag: "SlowActivation", domain: "greeter", ms: 3000 }]),
    (faulty) => Thunderline.layerTest({ domains: faulty })
  )))))
