/** What waits on the server for one client of the live stream, in the form in which it is sent. */
import type { DomainEvent } from "../model/DomainEvent.ts"
import type { StatusName } from "../model/DomainStatus.ts"
import type { Gap, Hello } from "./StreamEvent.ts"

/** What a client wants to hear. */
export interface FollowOptions {
  /** Go on behind this transition: what came since is read from memory, or from the trail. */
  readonly after?: string | undefined
  /** Only this domain's transitions. */
  readonly domain?: string | undefined
  /** Only transitions into this state. */
  readonly status?: StatusName | undefined
  /** Whether ticks are sent (default `true`). */
  readonly ticks?: boolean | undefined
}

const utf8 = new TextEncoder()

const frame = (event: string, data: unknown, id?: string): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/** Transitions as they are sent: a `DateTime` writes itself as its schema does. */
export const frames = (events: ReadonlyArray<DomainEvent>): Uint8Array =>
  utf8.encode(events.map((event) => frame("domain", event, event.id)).join(""))

/** What a client has missed, as it is sent. */
export const gapFrame = (gap: Gap): Uint8Array => utf8.encode(frame("gap", gap))

/** A tick as it is sent; it comes in the form that its schema encodes to. */
export const tickFrame = (encoded: unknown): Uint8Array => utf8.encode(frame("tick", encoded))

const comment = utf8.encode(": still here\n\n")

/** Transitions that became known together; most clients get the same bytes. */
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

/** What waits for one client. */
export interface StreamQueue {
  readonly wanted: ((event: DomainEvent) => boolean) | undefined
  readonly ticks: boolean
  /** What comes before the rest: the greeting, and what keeps a quiet connection open. */
  readonly first: Array<Uint8Array>
  readonly batches: Array<Batch>
  /** How many transitions wait. */
  waiting: number
  /** How many were dropped since the client was last told. */
  missed: number
  tick: Uint8Array | undefined
  /** Resumes the client that waits. */
  wake: () => void
}

const wantedBy = ({ domain, status }: FollowOptions): StreamQueue["wanted"] =>
  domain === undefined && status === undefined
    ? undefined
    : (event) => (domain === undefined || event.domain === domain) && (status === undefined || event.to === status)

/** An empty queue, but for the greeting. */
export const make = (options: FollowOptions, hello: Hello): StreamQueue => ({
  wanted: wantedBy(options),
  ticks: options.ticks ?? true,
  first: [utf8.encode(frame("hello", hello))],
  batches: [],
  waiting: 0,
  missed: 0,
  tick: undefined,
  wake: () => {}
})

/** Those of some transitions that the client wants. */
export const filter = ({ wanted }: StreamQueue, events: ReadonlyArray<DomainEvent>): ReadonlyArray<DomainEvent> =>
  wanted === undefined ? events : events.filter(wanted)

/** Adds transitions; of more than `capacity` the oldest are dropped and counted. */
export const offer = (queue: StreamQueue, batch: Batch, capacity: number): void => {
  queue.batches.push(batch)
  queue.waiting += batch.events.length
  while (queue.waiting > capacity) {
    const lost = queue.batches.shift()!
    queue.waiting -= lost.events.length
    queue.missed += filter(queue, lost.events).length
  }
  queue.wake()
}

/** Sets the newest tick; one that still waits is replaced. */
export const offerTick = (queue: StreamQueue, bytes: Uint8Array): void => {
  if (!queue.ticks) return
  queue.tick = bytes
  queue.wake()
}

/** Adds a comment if nothing else waits, so that nothing between server and client closes a quiet connection. */
export const keepOpen = (queue: StreamQueue): void => {
  if (queue.first.length > 0 || queue.batches.length > 0) return
  queue.first.push(comment)
  queue.wake()
}

/** Drops what waits and was sent already: the client has it up to the transition `id`. */
export const skipTo = (queue: StreamQueue, id: string): void => {
  const left = queue.batches.splice(0).map(({ events }) => new Batch(events.filter((event) => event.id > id)))
  queue.batches.push(...left.filter(({ events }) => events.length > 0))
  queue.waiting = left.reduce((sum, { events }) => sum + events.length, 0)
}

/** Takes what is to be sent next, at most one batch of transitions; nothing when nothing waits. */
export const take = (queue: StreamQueue): ReadonlyArray<Uint8Array> => {
  const taken = queue.first.splice(0)
  const { missed, tick } = queue
  if (missed > 0) {
    const detail = `${missed} transitions were dropped: read them as history`
    taken.push(gapFrame({ reason: "slow", missed, detail }))
    queue.missed = 0
  }
  if (tick !== undefined) taken.push(tick)
  queue.tick = undefined
  const batch = queue.batches.shift()
  if (batch === undefined) return taken
  queue.waiting -= batch.events.length
  const events = filter(queue, batch.events)
  if (events.length > 0) taken.push(events === batch.events ? batch.bytes : frames(events))
  return taken
}
