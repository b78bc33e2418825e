import * as Schema from "effect/Schema"
import * as Format from "../../control/Format.ts"
import * as TransitionText from "../../control/TransitionText.ts"
import type { DomainView } from "../../heartbeat/DomainRegistry.ts"
import type { DomainEvent } from "../../model/DomainEvent.ts"
import { StatusName } from "../../model/DomainStatus.ts"
import type { Report } from "../../testing/Simulation.ts"
import { paintStatus, plain, type Style } from "./Style.ts"
import * as Table from "./Table.ts"

/** Where a domain stood before the shutdown. */
export const DomainEnd = Schema.Struct({
  name: Schema.String,
  status: StatusName,
  generation: Schema.Natural,
  blockedBy: Schema.Array(Schema.String)
})

export const endOf = ({ blockedBy, generation, name, status }: DomainView): typeof DomainEnd.Type => ({
  name,
  status: status._tag,
  generation,
  blockedBy
})

/** Virtual time since the start: `0.200s`, `1m 05.200s`. */
export const virtualTime = (ms: number): string => {
  const minutes = Math.floor(ms / 60_000)
  const seconds = ((ms % 60_000) / 1000).toFixed(3)
  return minutes === 0 ? `${seconds}s` : `${minutes}m ${seconds.padStart(6, "0")}s`
}

const columns: ReadonlyArray<Table.Column<DomainEvent>> = [
  {
    head: "TIME",
    cell: (event) => virtualTime(event.occurredAt.epochMilliseconds),
    align: "right",
    style: (_, style) => style.dim
  },
  { head: "TICK", cell: (event) => String(event.tick), align: "right" },
  { head: "DOMAIN", cell: (event) => event.domain },
  { head: "STATE", cell: (event) => event.to, style: (event, style) => paintStatus(event.to, style) },
  { head: "WHY", cell: TransitionText.describe }
]

const entered = (events: ReadonlyArray<DomainEvent>, to: StatusName) => events.filter((event) => event.to === to).length

/** The transitions in virtual time, a line each, and then where the domains stood before the shutdown. */
export const render = ({ domains, events, heartbeat, refused }: Report, options?: {
  readonly style?: Style | undefined
  readonly width?: number | undefined
}): string => {
  const style = options?.style ?? plain
  const last = events.at(-1)?.occurredAt.epochMilliseconds ?? 0
  const transitions = events.length === 0 ? [] : [Table.render(columns, events, options), ""]
  const ends = domains.map(endOf)
  const width = Math.max(...ends.map(({ name }) => name.length))
  return [
    ...transitions,
    ...refused.map(({ message, tick }) => style.yellow(`Refused at tick ${tick}: ${message}`)),
    style.bold(
      `${Format.count(heartbeat.tickCount, "tick")} and the shutdown took ${virtualTime(last)} of virtual time.`
    ),
    `${Format.count(events.length, "transition")}, ${Format.count(entered(events, "crashed"), "crash", "crashes")}, ` +
    `${Format.count(entered(events, "restarting"), "restart")}. Before the shutdown:`,
    ...ends.map(({ blockedBy, generation, name, status }) => {
      const blocked = blockedBy.length === 0 ? "" : `, blocked by ${blockedBy.join(", ")}`
      return `  ${name.padEnd(width)}  ${paintStatus(status, style)(status)}, generation ${generation}${blocked}`
    })
  ].join("\n")
}
