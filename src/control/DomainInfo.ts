import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { DomainView } from "../heartbeat/DomainRegistry.ts"
import { Criticality } from "../model/Domain.ts"
import { DomainHealth } from "../model/DomainHealth.ts"
import { StatusName } from "../model/DomainStatus.ts"

/** Where one domain stands, as the API tells it. */
export const DomainInfo = Schema.Struct({
  name: Schema.String,
  status: StatusName,
  /** When it entered that state. */
  since: Schema.DateTimeUtcFromString,
  /** How often it has been built; 0 before the first time. */
  generation: Schema.Natural,
  /** When it last became active; `null` before the first time. */
  activatedAt: Schema.NullOr(Schema.DateTimeUtcFromString),
  /** The earliest tick that it activates on. */
  activationTick: Schema.Natural,
  /** The count of the last tick it was active at; 0 before. */
  lastTick: Schema.Natural,
  /** The tick and the wave that opened its gate, while it is activating or active. */
  opening: Schema.NullOr(Schema.Struct({ tick: Schema.Natural, wave: Schema.Natural })),
  dependsOn: Schema.Array(Schema.String),
  after: Schema.Array(Schema.String),
  criticality: Criticality,
  /** How it answers its ticks; `null` while it is not active, or without an `onTick`. */
  health: Schema.NullOr(DomainHealth),
  /** For a waiting domain: those of its dependencies that keep it from ever becoming active. */
  blockedBy: Schema.Array(Schema.String),
  /** Why it is crashed or restarting, pretty-printed. */
  cause: Schema.NullOr(Schema.String),
  /** The restart that is due, while it is restarting: which attempt, after how long, and when. */
  restart: Schema.NullOr(Schema.Struct({
    attempt: Schema.Natural,
    delayMs: Schema.Finite,
    at: Schema.DateTimeUtcFromString
  }))
})
export interface DomainInfo extends Schema.Schema.Type<typeof DomainInfo> {}

/** What the API tells of a domain in the registry. */
export const fromView = ({ status, ...view }: DomainView): DomainInfo => ({
  ...view,
  status: status._tag,
  since: DateTime.makeUnsafe(view.since),
  activatedAt: view.activatedAt === null ? null : DateTime.makeUnsafe(view.activatedAt),
  opening: status._tag === "active" || status._tag === "activating"
    ? { tick: status.opening.tick.count, wave: status.opening.wave }
    : null,
  cause: status._tag === "crashed" || status._tag === "restarting" ? status.cause : null,
  restart: status._tag === "restarting"
    ? { attempt: status.attempt, delayMs: Duration.toMillis(status.delay), at: DateTime.makeUnsafe(status.at) }
    : null
})

/** All domains, in the order in which they were given, at a tick. */
export const DomainList = Schema.Struct({
  /** The count of the newest tick, 0 before the first. */
  tick: Schema.Natural,
  active: Schema.Natural,
  domains: Schema.Array(DomainInfo)
})
export interface DomainList extends Schema.Schema.Type<typeof DomainList> {}

/**
 * A list in the form that its schema encodes to, as text, at a fraction of the cost: a `DateTime` writes itself as its
 * schema does. The list is made anew at every tick as long as somebody asks for it.
 */
export const encodeList = (list: DomainList): string => JSON.stringify(list)
