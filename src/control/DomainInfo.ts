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

const details = ({ status }: DomainView) => ({
  status: status._tag,
  opening: status._tag === "active" || status._tag === "activating"
    ? { tick: status.opening.tick.count, wave: status.opening.wave }
    : null,
  cause: status._tag === "crashed" || status._tag === "restarting" ? status.cause : null,
  restart: status._tag === "restarting"
    ? { attempt: status.attempt, delayMs: Duration.toMillis(status.delay), at: status.at }
    : null
})

/** What the API tells of a domain in the registry. */
export const fromView = (view: DomainView): DomainInfo => {
  const { restart, ...rest } = details(view)
  return {
    ...view,
    ...rest,
    since: DateTime.makeUnsafe(view.since),
    activatedAt: view.activatedAt === null ? null : DateTime.makeUnsafe(view.activatedAt),
    restart: restart === null ? null : { ...restart, at: DateTime.makeUnsafe(restart.at) }
  }
}

/** All domains, in the order in which they were given, at a tick. */
export const DomainList = Schema.Struct({
  /** The count of the newest tick, 0 before the first. */
  tick: Schema.Natural,
  active: Schema.Natural,
  domains: Schema.Array(DomainInfo)
})
export interface DomainList extends Schema.Schema.Type<typeof DomainList> {}

const iso = (millis: number): string => new Date(millis).toISOString()

/**
 * A list in the form that its schema encodes to, as text, at a tenth of the cost: it is made anew at every tick as long
 * as somebody asks for it.
 */
export const encodeList = (tick: number, active: number, views: ReadonlyArray<DomainView>): string =>
  JSON.stringify({
    tick,
    active,
    domains: views.map((view) => {
      const { restart, ...rest } = details(view)
      return {
        ...view,
        ...rest,
        since: iso(view.since),
        activatedAt: view.activatedAt === null ? null : iso(view.activatedAt),
        restart: restart === null ? null : { ...restart, at: iso(restart.at) }
      }
    })
  })
