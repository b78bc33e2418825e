import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import type { Tick } from "../../src/model/Tick.ts"

/** A tick by its count, in time and with nothing special about it. */
export const tick = (count: number, fields?: Partial<Tick>): Tick => ({
  count,
  slot: count,
  epoch: 1,
  timestamp: DateTime.makeUnsafe(count * 1_000),
  lateness: Duration.zero,
  interval: Duration.seconds(1),
  metadata: { activeDomains: 0 },
  ...fields
})

/** The nth transition of a run; ids grow with n. */
export const event = (n: number, fields?: Partial<DomainEvent>): DomainEvent => ({
  id: `00000000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`,
  runId: "00000000-0000-7000-8000-ffffffffffff",
  node: "here",
  domain: "one",
  generation: 1,
  epoch: 1,
  tick: n,
  wave: 0,
  from: "activating",
  to: "active",
  reason: "activated",
  cause: null,
  durationMs: 1,
  metadata: {},
  traceId: null,
  spanId: null,
  occurredAt: DateTime.makeUnsafe(n),
  ...fields
})
