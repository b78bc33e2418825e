import * as Latch from "effect/Latch"
import type { DomainEvent } from "../model/DomainEvent.ts"
import * as Receipt from "./Receipt.ts"
import * as TrailGap from "./TrailGap.ts"

/** Transitions that were taken to be written, with their position among all accepted ones and the gap before them. */
export interface Batch {
  readonly events: ReadonlyArray<DomainEvent>
  readonly position: number
  readonly gap: TrailGap.TrailGap | undefined
}

/** The transitions between offer and commit, in order, and the count of what became of the others. */
export class OutboxBuffer {
  readonly capacity: number
  readonly receipts = Receipt.make()
  /** Open while something is pending. */
  readonly filled = Latch.makeUnsafe()
  /** Open while nothing is pending or being written. */
  readonly idle = Latch.makeUnsafe(true)
  readonly pending: Array<DomainEvent> = []
  writing: ReadonlyArray<DomainEvent> = []
  written = 0
  dropped = 0
  /** How many were dropped since the buffer was full for the first time, until it is empty again. */
  overflow = 0
  /** What was dropped between the transitions that are being written and those that are pending. */
  #gap: TrailGap.TrailGap | undefined

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get backlog(): number {
    return this.pending.length + this.writing.length
  }

  /** Accepts transitions; drops the oldest pending ones when there are too many. Returns how many it dropped. */
  offer(events: ReadonlyArray<DomainEvent>): number {
    for (const event of events) this.pending.push(event)
    this.receipts.accept(events.length)
    const surplus = Math.max(0, this.backlog - this.capacity)
    if (surplus > 0) {
      const first = this.receipts.accepted() - this.pending.length
      this.#gap = TrailGap.join(this.#gap, TrailGap.of(this.pending.splice(0, surplus)))
      this.dropped += surplus
      this.overflow += surplus
      this.receipts.lose(first, surplus, "the outbox was full")
    }
    if (this.pending.length > 0) {
      this.idle.closeUnsafe()
      this.filled.openUnsafe()
    }
    return surplus
  }

  /** Takes up to `size` transitions to be written; from now on they are not dropped for lack of room. */
  take(size: number): Batch {
    const events = this.pending.splice(0, size)
    this.writing = events
    const gap = this.#gap
    this.#gap = undefined
    return { events, position: this.receipts.accepted() - this.pending.length - events.length, gap }
  }

  /** The first of those being written, up to a position, are committed. */
  commit(events: ReadonlyArray<DomainEvent>, position: number): void {
    this.writing = this.writing.slice(events.length)
    this.written += events.length
    this.receipts.reach(position + events.length)
  }

  /** The first of those being written is dropped. */
  refuse(position: number, detail: string): void {
    this.writing = this.writing.slice(1)
    this.dropped++
    this.receipts.lose(position, 1, detail)
    this.receipts.reach(position + 1)
  }

  /** Nothing is being written: closes the entrance to the writer if nothing is pending either. */
  rest(): void {
    if (this.pending.length > 0) return
    this.filled.closeUnsafe()
    this.idle.openUnsafe()
  }

  /** How many were dropped since the buffer was full, counted from 0 again. */
  takeOverflow(): number {
    const lost = this.overflow
    this.overflow = 0
    return lost
  }
}
