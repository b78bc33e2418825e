import type { DomainNode } from "../model/DomainGraph.ts"
import type { DomainHealth } from "../model/DomainHealth.ts"
import { DomainStatus, isOut } from "../model/DomainStatus.ts"
import type { Tick } from "../model/Tick.ts"
import * as DomainMetrics from "../telemetry/DomainMetrics.ts"

/**
 * One domain at run time, the only place where its state is kept. The registry changes it by commits; the supervisor
 * adds what it holds for the domain in that state.
 */
export interface DomainRecord {
  readonly node: DomainNode
  readonly metrics: DomainMetrics.DomainMetrics
  status: DomainStatus
  /** When it entered its state, in milliseconds since the epoch. */
  since: number
  /** When it last became active; `null` before the first time. */
  activatedAt: number | null
  /** How often it has been built. */
  generation: number
  /** The count of the last tick that it was active at, of one that is not active now. */
  lastTick: number
  /** The tick that reached its activation tick; `null` before. */
  reached: Tick | null
}

/** A domain that waits for its gate. */
export const make = (node: DomainNode, now: number): DomainRecord => ({
  node,
  metrics: DomainMetrics.make(node.domain.name),
  status: DomainStatus.waiting(),
  since: now,
  activatedAt: null,
  generation: 0,
  lastTick: 0,
  reached: null
})

/** How to read what the supervisor adds to a record. */
export interface RecordReader<in Record extends DomainRecord> {
  /** How the domain answers its ticks; `null` while it is not active, or without an `onTick`. */
  readonly health: (record: Record) => DomainHealth | null
  /** The conditions besides dependencies and ticks that keep a waiting domain's gate closed. */
  readonly unmet: (record: Record) => ReadonlyArray<string>
}

/**
 * Which dependencies keep a waiting domain from ever becoming active by itself: those that are crashed for good,
 * inactive, or blocked themselves. One look at a graph shares what it found in `known`.
 */
export const blockedBy = (
  record: DomainRecord,
  recordOf: (node: DomainNode) => DomainRecord,
  known: Map<DomainNode, ReadonlyArray<DomainNode>>
): ReadonlyArray<DomainNode> => {
  const before = known.get(record.node)
  if (before !== undefined) return before
  const blocking: ReadonlyArray<DomainNode> = record.status._tag === "waiting"
    ? record.node.awaits.filter((other) => {
      const dependency = recordOf(other)
      return isOut(dependency.status) || blockedBy(dependency, recordOf, known).length > 0
    })
    : []
  known.set(record.node, blocking)
  return blocking
}
