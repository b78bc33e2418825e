import * as DateTime from "effect/DateTime"
import type { DomainEvent } from "../model/DomainEvent.ts"
import type { StatusName } from "../model/DomainStatus.ts"
import type { Gap, Hello } from "./StreamEvent.ts"

/** What a follower wants to see. */
export interface FollowOptions {
  /** Go on behind this transition: what came since is read from memory, or from the trail. */
  readonly after?: string | undefined
  /** Only this domain's transitions. */
  readonly domain?: string | undefined
  /** Only transitions into this state. */
  readonly status?: StatusName | undefined
  /** Whether ticks are told (default `true`). */
  readonly ticks?: boolean | undefined
}

const utf8 = new TextEncoder()

/** A transition in the form that its schema encodes to, at a tenth of the cost: it is written for every transition. */
export const encodeDomainEvent = (event: DomainEvent): string =>
  JSON.stringify({ ...event, occurredAt: DateTime.formatIso(event.occurredAt) })

const frame = (event: string, data: string, id?: string): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`

/** Transitions as they are sent. */
export const frames = (events: ReadonlyArray<DomainEvent>): Uint8Array =>
  utf8.encode(events.map((event) => frame("domain", encodeDomainEvent(event), event.id)).join(""))

/** What a client has missed, as it is sent. */
export const gap = (gap: Gap): Uint8Array => utf8.encode(frame("gap", JSON.stringify(gap)))

/** What keeps a quiet stream open. */
export const comment = utf8.encode(": still here\n\n")

/** Transitions that became known together; most followers get the same bytes. */
export class Batch {
  readonly events: ReadonlyArray<DomainEvent>
  private encoded: Uint8Array | undefined
  constructor(events: ReadonlyArray<DomainEvent>) {
    this.events = events
  }
  get bytes(): Uint8Array {
    return this.encoded ??= frames(this.events)
  }
}

/** A tick in the form that its schema encodes to, as it is sent. */
export const tickFrame = (encoded: unknown): Uint8Array => utf8.encode(frame("tick", JSON.stringify(encoded)))

/** What waits for one follower. */
export interface Follower {
  readonly wanted: ((event: DomainEvent) => boolean) | undefined
  readonly ticks: boolean
  /** What comes before the rest, such as the greeting. */
  readonly first: Array<Uint8Array>
  readonly batches: Array<Batch>
  waiting: number
  missed: number
  tick: Uint8Array | undefined
  wake: () => void
}

const wantedBy = ({ domain, status }: FollowOptions): Follower["wanted"] =>
  domain === undefined && status === undefined
    ? undefined
    : (event) => (domain === undefined || event.domain === domain) && (status === undefined || event.to === status)

const matching = ({ wanted }: Follower, { events }: Batch): number =>
  wanted === undefined ? events.length : events.filter(wanted).length

/** A follower that waits for what it wants, greeted. */
export const make = (options: FollowOptions, hello: Hello): Follower => ({
  wanted: wantedBy(options),
  ticks: options.ticks ?? true,
  first: [utf8.encode(frame("hello", JSON.stringify(hello)))],
  batches: [],
  waiting: 0,
  missed: 0,
  tick: undefined,
  wake: () => {}
})

/** Tells transitions from the past before all that waits, and of what waits only those that are not among them. */
export const tellFirst = (follower: Follower, events: ReadonlyArray<DomainEvent>): void => {
  if (events.length === 0) return
  follower.first.push(frames(events))
  const told = new Set(events.map((event) => event.id))
  const left = follower.batches.splice(0).map(({ events }) => new Batch(events.filter(({ id }) => !told.has(id))))
  follower.batches.push(...left.filter(({ events }) => events.length > 0))
  follower.waiting = left.reduce((sum, { events }) => sum + events.length, 0)
}

/** Hands transitions over; of more than `capacity` the oldest are dropped and counted. */
export const hand = (follower: Follower, batch: Batch, capacity: number): void => {
  follower.batches.push(batch)
  follower.waiting += batch.events.length
  while (follower.waiting > capacity) {
    const lost = follower.batches.shift()!
    follower.waiting -= lost.events.length
    follower.missed += matching(follower, lost)
  }
  follower.wake()
}

/** Everything that waits, the oldest first; nothing when nothing does. */
export const take = (follower: Follower): ReadonlyArray<Uint8Array> => {
  const { batches, first, missed, tick, wanted } = follower
  const taken = first.splice(0)
  if (missed > 0) {
    taken.push(gap({ reason: "slow", missed, detail: `${missed} transitions were dropped: read them as history` }))
    follower.missed = 0
  }
  if (tick !== undefined) taken.push(tick)
  follower.tick = undefined
  const batch = batches.shift()
  if (batch !== undefined) {
    follower.waiting -= batch.events.length
    const events = wanted === undefined ? batch.events : batch.events.filter(wanted)
    if (events.length > 0) taken.push(events === batch.events ? batch.bytes : frames(events))
  }
  return taken
}
