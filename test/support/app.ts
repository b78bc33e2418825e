import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
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
