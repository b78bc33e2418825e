import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import { TickGenerator } from "../../src/heartbeat/TickGenerator.ts"
import * as Domain from "../../src/model/Domain.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import { settle } from "../support/awaitState.ts"
import * as LogLines from "../support/LogLines.ts"
import type { Verdict } from "./forkGrammar.ts"
import { constructs, layers, Method } from "./forkingConstructs.ts"

/** What each domain came to after two ticks and a while. */
const judged = (domains: Readonly<Record<string, Domain.Any>>) =>
  Effect.gen(function*() {
    const { lines } = yield* LogLines.LogLines
    const registry = yield* DomainRegistry
    const { emit } = yield* TickGenerator
    const pass = Effect.gen(function*() {
      for (let turn = 0; turn < 20; turn++) {
        yield* Effect.promise(() => new Promise((resume) => setImmediate(resume)))
        yield* TestClock.adjust("10 millis")
        yield* settle
      }
    })
    yield* emit
    yield* pass
    yield* emit
    yield* pass
    yield* TestClock.adjust("5 seconds")
    yield* settle
    const states = new Map((yield* registry.snapshot).map((view) => [view.name, view.status._tag]))
    return Object.entries(domains).map(([title, { name }]): string => {
      if (states.get(name) === "crashed") return `crash: ${title}`
      const errors = lines.filter(({ annotations, level }) => annotations["domain"] === name && level === "Error")
      return `${errors.length > 0 ? "logged" : "quiet"}: ${title}`
    })
  }).pipe(
    Effect.provide(
      Thunderline.layerTest({ domains: Object.values(domains) }) as Layer.Layer<
        Thunderline.Infrastructure,
        Thunderline.StartError
      >
    ),
    Effect.provide(LogLines.layer)
  )

const domainsOf = <A>(
  table: Readonly<Record<string, readonly [A, Verdict]>>,
  make: (name: string, one: A) => Domain.Any
): Readonly<Record<string, Domain.Any>> =>
  Object.fromEntries(Object.entries(table).map(([title, [one]], index) => [title, make(`c${index}`, one)]))

const expected = (table: Readonly<Record<string, readonly [unknown, Verdict]>>) =>
  Object.entries(table).map(([title, [, verdict]]) => `${verdict}: ${title}`)

const policy = { restart: "never", escalate: false } as const

describe("Whose failure it is, for every construct that forks", () => {
  it.effect("what is handled is quiet, what is background work crashes", () =>
    Effect.gen(function*() {
      const found = yield* judged(domainsOf(constructs, (name, make) =>
        Domain.make(name, {
          layer: Layer.effect(Method)(Effect.map(make, (run) => ({ run: run ?? Effect.void }))),
          // Requests are served by the domain, as a server does it: their fibers are not the layer's.
          onTick: (tick) => tick.count === 2 ? Method.use(({ run }) => run) : Effect.void,
          ...policy
        })))
      assert.deepStrictEqual(found, expected(constructs))
    }))

  it.effect("a fork of the build is the layer's, however the layer is composed", () =>
    Effect.gen(function*() {
      const found = yield* judged(domainsOf(layers, (name, layer) => Domain.make(name, { layer, ...policy })))
      assert.deepStrictEqual(found, expected(layers))
    }))
})
