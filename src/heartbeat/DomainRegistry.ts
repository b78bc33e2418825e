/**
 * Knows every domain's state: who is active, since when, on which tick, and what keeps the others. Use it for a look at
 * the application from inside or outside of a domain. For the past read the trail (`Repo`).
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { UnknownDomain } from "../model/DomainControl.ts"
import type { DomainEvent } from "../model/DomainEvent.ts"
import type { DomainStatus } from "../model/DomainStatus.ts"
import type { Tick } from "../model/Tick.ts"
import type { CurrentRun } from "../trail/CurrentRun.ts"
import type { OutboxIntake } from "../trail/OutboxIntake.ts"
import * as DomainView from "./DomainView.ts"
import type { SystemPublisher } from "./SystemPublisher.ts"
import { SystemPubSub } from "./SystemPubSub.ts"
import * as Transitions from "./Transitions.ts"

export type { DomainView } from "./DomainView.ts"

/**
 * The registry. Reads are synchronous look-ups: they never queue behind a write.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { DomainRegistry } from "thunderline"
 *
 * const program = Effect.gen(function*() {
 *   const registry = yield* DomainRegistry.DomainRegistry
 *   yield* Effect.log(`${yield* registry.activeCount} domains are active`)
 * })
 * ```
 */
export class DomainRegistry extends Context.Service<DomainRegistry, {
  /** The names of the active domains, in the order in which they were given. */
  readonly activeDomains: Effect.Effect<ReadonlyArray<string>>
  readonly activeCount: Effect.Effect<number>
  readonly domainStatus: (name: string) => Effect.Effect<DomainStatus, UnknownDomain>
  /** `domainStatus` without an Effect, for hot paths; `undefined` when there is no such domain. */
  readonly lookup: (name: string) => DomainStatus | undefined
  /** The last transitions into `active`, oldest first, at most 100. */
  readonly activationHistory: Effect.Effect<ReadonlyArray<DomainEvent>>
  /** The count of the newest tick, 0 before the first. */
  readonly currentTick: Effect.Effect<number>
  readonly lastTick: Effect.Effect<Option.Option<Tick>>
  /** All domains, in the order in which they were given. */
  readonly snapshot: Effect.Effect<ReadonlyArray<DomainView.DomainView>>
  /** One domain. */
  readonly domain: (name: string) => Effect.Effect<DomainView.DomainView, UnknownDomain>
  /** A number that grows with every commit: as long as it stays, only ticks and health have changed. */
  readonly version: Effect.Effect<number>
  /** Every transition from now on. */
  readonly changes: Stream.Stream<DomainEvent>
}>()("thunderline/DomainRegistry") {}

const make = Effect.gen(function*() {
  const transitions = yield* Transitions.Transitions
  const pubsub = yield* SystemPubSub
  const { activations, activeCount, commits, currentTick, find, recordOf, records } = transitions
  let active: { readonly commit: number; readonly names: ReadonlyArray<string> } | undefined

  const lens = (): DomainView.Lens => ({
    recordOf,
    reader: transitions.reader(),
    tick: currentTick()?.count ?? 0,
    blocked: new Map()
  })

  const known = (name: string) =>
    Effect.suspend(() => {
      const record = find(name)
      return record === undefined
        ? Effect.fail(new UnknownDomain({ domain: name, known: records().map(({ node }) => node.domain.name) }))
        : Effect.succeed(record)
    })

  const activeNames = () =>
    records().filter(({ status }) => status._tag === "active").map(({ node }) => node.domain.name)

  yield* Effect.log("[DomainRegistry] Started and subscribed to system events")
  return DomainRegistry.of({
    activeDomains: Effect.sync(() => {
      if (active?.commit !== commits()) active = { commit: commits(), names: activeNames() }
      return active.names
    }),
    activeCount: Effect.sync(activeCount),
    domainStatus: (name) => Effect.map(known(name), ({ status }) => status),
    lookup: (name) => find(name)?.status,
    activationHistory: Effect.sync(activations),
    currentTick: Effect.sync(() => currentTick()?.count ?? 0),
    lastTick: Effect.sync(() => Option.fromUndefinedOr(currentTick())),
    snapshot: Effect.sync(() => {
      const shared = lens()
      return records().map((record) => DomainView.make(record, shared))
    }),
    domain: (name) => Effect.map(known(name), (record) => DomainView.make(record, lens())),
    version: Effect.sync(commits),
    changes: Stream.map(pubsub.stream("system:domain_event"), (envelope) => envelope.payload)
  })
})

/** The registry, empty until the supervisor enrols the domains. */
export const layer: Layer.Layer<
  DomainRegistry | Transitions.Transitions,
  never,
  CurrentRun | OutboxIntake | SystemPubSub | SystemPublisher
> = Layer.effect(DomainRegistry, make).pipe(Layer.provideMerge(Transitions.layer))
