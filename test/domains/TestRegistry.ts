import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { DomainRegistry, type DomainView } from "../../src/heartbeat/DomainRegistry.ts"
import type { DomainStatus } from "../../src/model/DomainStatus.ts"

/** A registry whose tick and domains a test sets by hand. */
export interface TestRegistry {
  tick: number
  domains: ReadonlyArray<DomainView>
}

export const make = (tick = 0): TestRegistry => ({ tick, domains: [] })

export const layer = (state: TestRegistry): Layer.Layer<DomainRegistry> =>
  Layer.mock(DomainRegistry, {
    currentTick: Effect.sync(() => state.tick),
    lookup: (name) => state.domains.find((domain) => domain.name === name)?.status,
    snapshot: Effect.sync(() => state.domains)
  })

export const view = (name: string, status: DomainStatus): DomainView => ({
  name,
  status,
  since: 0,
  activatedAt: null,
  activationTick: 1,
  generation: 1,
  lastTick: 0,
  dependsOn: [],
  after: [],
  criticality: "required",
  blockedBy: [],
  health: null
})
