import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { DomainEvent } from "../model/DomainEvent.ts"
import { StatusName } from "../model/DomainStatus.ts"
import { Repo } from "../trail/Repo.ts"
import { RepoWriter } from "../trail/RepoWriter.ts"
import type { Run } from "../trail/Run.ts"

/** Both sides of a trail as one. */
export const trail = Effect.zipWith(Repo, RepoWriter, (repo, writer) => ({ ...repo, ...writer }))

/** An id that sorts after every one before. */
export const nextId = SecureRandom.uuidV7Unsafe

/** A time: milliseconds after the beginning of 2026. */
export const at = (millis: number): DateTime.Utc => DateTime.makeUnsafe(Date.UTC(2026, 0, 1) + millis)

/** A transition with everything set, newer than every one before. */
export const makeEvent = (fields: Partial<DomainEvent> = {}): DomainEvent => ({
  id: nextId(),
  runId: "0198c5a0-0000-7000-8000-000000000001",
  node: "node-1",
  domain: "thunderflow",
  generation: 1,
  epoch: 1,
  tick: 1,
  wave: 0,
  from: "activating",
  to: "active",
  reason: "activated",
  cause: null,
  durationMs: 1.5,
  metadata: { lane: 3 },
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  occurredAt: at(0),
  ...fields
})

/** A run whose lease was last renewed long ago. */
export const makeRun = (): Run => ({
  runId: nextId(),
  app: "app",
  node: "node-1",
  version: "1.0.0",
  startedAt: at(0),
  lastSeenAt: at(60_000),
  endedAt: null,
  exitReason: null
})

/** One transition with few different values, so that filters and projections match several. */
export const Transition = Schema.Struct({
  domain: Schema.Literals(["one", "two", "three"]),
  to: StatusName,
  tick: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })),
  millis: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))
})

/** Each world is a run and a set of domain names of its own, so that all can share one database. */
export const makeWorld = () => {
  const runId = nextId()
  const name = (domain: string) => `${domain}@${runId}`
  const toEvent = (transition: typeof Transition.Type) =>
    makeEvent({
      runId,
      domain: name(transition.domain),
      to: transition.to,
      tick: transition.tick,
      occurredAt: at(transition.millis)
    })
  return { runId, name, toEvent }
}
