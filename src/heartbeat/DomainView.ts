import type * as Domain from "../model/Domain.ts"
import type { DomainNode } from "../model/DomainGraph.ts"
import type { DomainHealth } from "../model/DomainHealth.ts"
import type { DomainStatus } from "../model/DomainStatus.ts"
import * as DomainRecord from "./DomainRecord.ts"

/** Where one domain stands. */
export interface DomainView {
  readonly name: string
  readonly status: DomainStatus
  /** When it entered that state, in milliseconds since the epoch. */
  readonly since: number
  /** When it last became active, in milliseconds since the epoch; `null` before the first time. */
  readonly activatedAt: number | null
  /** The earliest tick that it activates on. */
  readonly activationTick: number
  /** How often it has been built; 0 before the first time. */
  readonly generation: number
  /** The count of the last tick it was active at; 0 before. */
  readonly lastTick: number
  readonly dependsOn: ReadonlyArray<string>
  readonly after: ReadonlyArray<string>
  readonly criticality: Domain.Criticality
  /** How it answers its ticks; `null` while it is not active, or without an `onTick`. */
  readonly health: DomainHealth | null
  /**
   * For a waiting domain: those of its dependencies that are crashed for good, inactive, or blocked themselves, then the
   * conditions on its gate that do not hold.
   */
  readonly blockedBy: ReadonlyArray<string>
}

/** How a look at many domains reads them. */
export interface Lens {
  readonly recordOf: (node: DomainNode) => DomainRecord.DomainRecord
  readonly reader: DomainRecord.RecordReader<any>
  /** The count of the newest tick, 0 before the first. */
  readonly tick: number
  /** What is known of blocked domains already; one map for each look. */
  readonly blocked: Map<DomainNode, ReadonlyArray<DomainNode>>
}

/** The view of a record. */
export const make = (record: DomainRecord.DomainRecord, { blocked, reader, recordOf, tick }: Lens): DomainView => {
  const { activatedAt, generation, lastTick, node, since, status } = record
  return {
    name: node.domain.name,
    status,
    since,
    activatedAt,
    activationTick: node.domain.activationTick,
    generation,
    lastTick: status._tag === "active" ? tick : lastTick,
    dependsOn: node.domain.dependsOn.map((other) => other.name),
    after: node.domain.after.map((other) => other.name),
    criticality: node.domain.criticality,
    health: reader.health(record),
    blockedBy: [
      ...DomainRecord.blockedBy(record, recordOf, blocked).map((other) => other.domain.name),
      ...reader.unmet(record)
    ]
  }
}
