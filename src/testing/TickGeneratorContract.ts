/**
 * The contract of a heartbeat, as tests. Use it to test any layer that provides a `TickGenerator`, whether its ticks come
 * from the clock, by hand or from elsewhere. It takes the functions of the test runner.
 *
 * @example
 * ```ts
 * import { Thunderline } from "thunderline"
 * import { TickGeneratorContract } from "thunderline/testing"
 * import { describe, it } from "vitest"
 *
 * TickGeneratorContract.suite("by hand", Thunderline.layerTest({ domains: [] }), { describe, it })
 * ```
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import { DomainRegistry } from "../heartbeat/DomainRegistry.ts"
import { SystemPubSub } from "../heartbeat/SystemPubSub.ts"
import { TickGenerator } from "../heartbeat/TickGenerator.ts"
import type { Tick } from "../model/Tick.ts"
import * as ContractRunner from "./ContractRunner.ts"
import * as Expect from "./Expect.ts"

/** The services that the laws use. */
export type Subject = TickGenerator | DomainRegistry | SystemPubSub

/** Collects the ticks that are published while an effect runs. */
const hearing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.gen(function*() {
    const bus = yield* SystemPubSub
    const ticks = yield* bus.subscribe("system:domain_tick")
    const result = yield* effect
    const heard = yield* PubSub.takeUpTo(ticks, Number.MAX_SAFE_INTEGER)
    return { result, heard: heard.map(({ payload }) => payload) }
  }))

const emitted = TickGenerator.use((generator) => generator.emit)

const grow = (ticks: ReadonlyArray<Tick>) => ticks.every((tick, i) => i === 0 || tick.count > ticks[i - 1]!.count)

const laws: Readonly<Record<string, Effect.Effect<void, unknown, Subject>>> = {
  "sends a tick that everybody hears, with a larger count": Effect.gen(function*() {
    const generator = yield* TickGenerator
    const before = generator.currentTick()
    const { heard, result } = yield* hearing(emitted)
    yield* Expect.equal(result.count > before, true)
    yield* Expect.equal(heard.some(({ count, epoch }) => count === result.count && epoch === result.epoch), true)
  }),

  "shows the newest tick at once: in its statistics, as a plain look-up and in the registry": Effect.gen(function*() {
    const generator = yield* TickGenerator
    const registry = yield* DomainRegistry
    const { count, epoch } = yield* generator.emit
    const stats = yield* generator.stats
    yield* Expect.equal(generator.currentTick() >= count, true)
    yield* Expect.equal((yield* registry.currentTick) >= count, true)
    yield* Expect.equal(stats.tickCount >= count && stats.epoch >= epoch, true)
  }),

  "never repeats a count and never steps back, however many send at once": Effect.gen(function*() {
    const many = Array.from({ length: 100 }, () => emitted)
    const { heard, result } = yield* hearing(Effect.all(many, { concurrency: "unbounded" }))
    yield* Expect.equal(grow(heard), true)
    yield* Expect.equal(new Set(result.map(({ count }) => count)).size, result.length)
  }),

  "says with each tick its interval, how many domains are active, and a time that fits": Effect.gen(function*() {
    const generator = yield* TickGenerator
    const registry = yield* DomainRegistry
    const tick = yield* generator.emit
    const { interval, lastTickAt } = yield* generator.stats
    yield* Expect.equal(Duration.toMillis(tick.interval), interval)
    yield* Expect.equal(tick.metadata.activeDomains, yield* registry.activeCount)
    yield* Expect.equal(lastTickAt !== null && lastTickAt.epochMilliseconds >= tick.timestamp.epochMilliseconds, true)
  })
}

/** Tests a heartbeat that is already running. It may send ticks by itself meanwhile. */
export const suite = <E>(name: string, layer: Layer.Layer<Subject, E>, runner: ContractRunner.Runner): void =>
  ContractRunner.run(name, layer, laws, runner)
