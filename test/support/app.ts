import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import { TickGenerator } from "../../src/heartbeat/TickGenerator.ts"
import type * as Domain from "../../src/model/Domain.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import type { StatusName } from "../../src/model/DomainStatus.ts"
import * as Fault from "../../src/testing/Fault.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import * as Outbox from "../../src/trail/Outbox.ts"
import * as Repo from "../../src/trail/Repo.ts"
import { awaitState, settle } from "./awaitState.ts"

/** An application with ticks by hand and faults in it. */
export const app = (
  domains: ReadonlyArray<Domain.Any>,
  faults: ReadonlyArray<Fault.Fault> = [],
  options: { readonly waitForTick?: boolean } = {}
) =>
  Layer.unwrap(
    Effect.map(Fault.inject(domains, faults), (injected) => Thunderline.layerTest({ domains: injected, ...options }))
  ) as Layer.Layer<Thunderline.Infrastructure, Thunderline.StartError | Fault.UnknownFaultDomain>

/**
 * Runs a test with an application, then closes it within a time, which passes by itself. The shutdown has to end within it.
 */
export const closedWithin = (time: Duration.Input) =>
<A, E, R, AppR, AppE>(
  test: Effect.Effect<A, E, R>,
  layer: Layer.Layer<AppR, AppE>
): Effect.Effect<A, E | AppE, Exclude<R, AppR>> =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(layer, scope)
    const result = yield* Effect.provide(test, context)
    const closing = yield* Effect.forkDetach(Scope.close(scope, Exit.void), { startImmediately: true })
    yield* settle
    yield* TestClock.adjust(time)
    yield* settle
    if (closing.pollUnsafe() === undefined) return yield* Effect.die(new Error("The shutdown has not ended in time"))
    return result
  })

/** Sends a tick and lets everything that follows from it happen. */
export const tick = Effect.andThen(TickGenerator.use((generator) => generator.emit), settle)

/** The states of the domains by name. */
export const states = DomainRegistry.use((registry) =>
  Effect.map(
    registry.snapshot,
    (views): Record<string, StatusName> => Object.fromEntries(views.map((view) => [view.name, view.status._tag]))
  )
)

export const awaitStates = (expected: Record<string, StatusName>) =>
  Effect.gen(function*() {
    const context = yield* Effect.context<DomainRegistry>()
    const holds = Effect.map(
      states,
      (now) => Object.entries(expected).every(([name, status]) => now[name] === status)
    )
    yield* awaitState(JSON.stringify(expected), Effect.provideContext(holds, context)).pipe(
      Effect.tapDefect(() => Effect.flatMap(states, (now) => Effect.logError("The states are", now)))
    )
  })

/** All transitions so far, in order. */
export const trail = Effect.gen(function*() {
  const outbox = yield* Outbox.Outbox
  const repo = yield* Repo.Repo
  yield* outbox.flush
  return yield* Effect.orDie(Stream.runCollect(repo.stream({ order: "oldest" })))
})

/** A transition in one word: `name: from -> to`. */
export const brief = (event: DomainEvent): string => `${event.domain}: ${event.from} -> ${event.to}`
