/**
 * Drives an application in a test tick by tick: sends ticks, awaits states. Use it with `Thunderline.layerTest`, where no
 * tick comes by itself. For a whole run in virtual time use `Simulation`.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { Domain, Thunderline } from "thunderline"
 * import { Ticks } from "thunderline/testing"
 *
 * const cache = Domain.make("cache", { layer: Layer.empty })
 *
 * const test = Effect.gen(function*() {
 *   yield* Ticks.send
 *   yield* Ticks.awaitStates({ cache: "active" })
 * }).pipe(Effect.provide(Thunderline.layerTest({ domains: [cache] })))
 * ```
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { DomainRegistry } from "../heartbeat/DomainRegistry.ts"
import { TickGenerator } from "../heartbeat/TickGenerator.ts"
import { StatusName } from "../model/DomainStatus.ts"
import type { Tick } from "../model/Tick.ts"

const States = Schema.Record(Schema.String, StatusName)

/** The domains did not reach the awaited states without time passing or another tick. */
export class StatesNotReached extends Schema.TaggedError<StatesNotReached>()("StatesNotReached", {
  awaited: States,
  found: States
}) {
  override get message() {
    const lines = Object.entries(this.awaited).filter(([name, status]) => this.found[name] !== status)
      .map(([name, status]) => `${name} is ${this.found[name] ?? "not there"}, not ${status}`)
    return `${lines.join("; ")} (time passes only by TestClock.adjust, ticks come only by Ticks.send)`
  }
}

/** Runs the fibers as far as they get without time passing. */
export const settle: Effect.Effect<void> = Effect.gen(function*() {
  for (let turn = 0; turn < 200; turn++) yield* Effect.yieldNow
})

/** Sends a tick and runs everything that follows from it without time passing. */
export const send: Effect.Effect<Tick, never, TickGenerator> = Effect.tap(
  TickGenerator.use((generator) => generator.emit),
  settle
)

/** The states of the domains, by name. */
export const states: Effect.Effect<{ readonly [domain: string]: StatusName }, never, DomainRegistry> = DomainRegistry
  .use((registry) => registry.snapshot).pipe(
    Effect.map((views) => Object.fromEntries(views.map((view) => [view.name, view.status._tag])))
  )

/** Waits until the named domains are in these states; fails if they do not reach them without time passing. */
export const awaitStates = Effect.fn("Ticks.awaitStates")(function*(
  awaited: { readonly [domain: string]: StatusName }
): Effect.fn.Return<void, StatesNotReached, DomainRegistry> {
  let found = yield* states
  for (let turn = 0; turn < 10_000; turn++) {
    if (Object.entries(awaited).every(([name, status]) => found[name] === status)) return
    yield* Effect.yieldNow
    found = yield* states
  }
  return yield* new StatesNotReached({ awaited, found })
})
