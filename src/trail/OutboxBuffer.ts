import * as Latch from "effect/Latch"
import type { DomainEvent } from "../model/DomainEvent.ts"
import * as Receipt from "./Receipt.ts"
import * as TrailGap from "./TrailGap.ts"

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
  /** What was dropped right before the transitions that are being written, and right before those that are pending. */
  gapBefore: TrailGap.TrailGap | undefined
  #gap: TrailGap.TrailGap | undefined

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get backlog(): number {
    return this.pending.length + this.writing.length
  }

  /** How many were accepted before the oldest that is held. */
  get #position(): number {
    return this.receipts.accepted() - this.backlog
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

  /**
   * Takes up to `size` transitions to be written, or again those that were taken and neither committed nor refused. From
   * now on they are not dropped for lack of room.
   */
  take(size: number): ReadonlyArray<DomainEvent> {
    if (this.writing.length === 0) {
      this.writing = this.pending.splice(0, size)
      this.gapBefore = TrailGap.join(this.gapBefore, this.#gap)
      this.#gap = undefined
    }
    return this.writing
  }

  /** The first `count` of those being written are committed, the gap before them with them. */
  commit(count: number): void {
    this.writing = this.writing.slice(count)
    this.written += count
    this.gapBefore = undefined
    this.receipts.reach(this.#position)
  }

  /** The first of those being written is dropped: it belongs to the gap before the next one. */
  refuse(detail: string): void {
    this.gapBefore = TrailGap.join(this.gapBefore, TrailGap.of(this.writing.slice(0, 1)))
    this.receipts.lose(this.#position, 1, detail)
    this.writing = this.writing.slice(1)
    this.dropped++
    this.receipts.reach(this.#position)
  }

  /** Nothing is being written: the writer rests unless something is pending. */
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
