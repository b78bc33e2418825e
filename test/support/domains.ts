import * as DateTime from "effect/DateTime"
import type { DomainInfo } from "../../src/control/DomainInfo.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"

/** A moment, in milliseconds after the first one. */
export const at = (ms: number) => DateTime.makeUnsafe(1_700_000_000_000 + ms)

export const now = (ms: number): number => DateTime.toEpochMillis(at(ms))

/** A domain as the server tells it, active unless said otherwise. */
export const domain = (name: string, info: Partial<DomainInfo> = {}): DomainInfo => ({
  name,
  status: "active",
  since: at(0),
  generation: 1,
  activatedAt: null,
  activationTick: 1,
  lastTick: 0,
  opening: null,
  dependsOn: [],
  after: [],
  criticality: "required",
  health: null,
  blockedBy: [],
  cause: null,
  restart: null,
  ...info
})

export const byName = (...domains: ReadonlyArray<DomainInfo>) => new Map(domains.map((domain) => [domain.name, domain]))

/** The n-th transition of a run. */
export const event = (n: number, info: Partial<DomainEvent> = {}): DomainEvent => ({
  id: `0192f0c0-0000-7000-8000-${String(n).padStart(12, "0")}`,
  runId: "run",
  node: "node",
  domain: "store",
  generation: 1,
  epoch: 1,
  tick: 1,
  wave: null,
  from: "activating",
  to: "active",
  reason: "activated",
  cause: null,
  durationMs: null,
  metadata: {},
  traceId: null,
  spanId: null,
  occurredAt: at(n),
  ...info
})
