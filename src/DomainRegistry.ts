import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type * as Domain from "./Domain.ts"
import type { UnknownDomain } from "./DomainControl.ts"
import type { DomainEvent } from "./DomainEvent.ts"
import type { DomainStatus } from "./DomainStatus.ts"
import type { Tick } from "./Tick.ts"

/** Where one domain stands. */
export interface DomainView {
  readonly name: string
  readonly status: DomainStatus
  /** How often it has been built; 0 before the first time. */
  readonly generation: number
  /** The count of the last tick it was active at; 0 before. */
  readonly lastTick: number
  readonly dependsOn: ReadonlyArray<string>
  readonly after: ReadonlyArray<string>
  readonly criticality: Domain.Criticality
  /** For a waiting domain: those of its dependencies that are crashed for good, inactive, or blocked themselves. */
  readonly blockedBy: ReadonlyArray<string>
}

/**
 * Knows every domain's state. Reads are synchronous look-ups: they never queue behind a write.
 */
export class DomainRegistry extends Context.Service<DomainRegistry, {
  /** The names of the active domains, in the order in which they were given. */
  readonly activeDomains: Effect.Effect<ReadonlyArray<string>>
  readonly activeCount: Effect.Effect<number>
  readonly domainStatus: (name: string) => Effect.Effect<DomainStatus, UnknownDomain>
  /** The last transitions into `active`, oldest first, at most 100. */
  readonly activationHistory: Effect.Effect<ReadonlyArray<DomainEvent>>
  /** The count of the newest tick, 0 before the first. */
  readonly currentTick: Effect.Effect<number>
  readonly lastTick: Effect.Effect<Option.Option<Tick>>
  /** All domains, in the order in which they were given. */
  readonly snapshot: Effect.Effect<ReadonlyArray<DomainView>>
  /** Every transition from now on. */
  readonly changes: Stream.Stream<DomainEvent>
}>()("thunderline/DomainRegistry") {}
