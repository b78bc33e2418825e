import * as Format from "../../control/Format.ts"
import * as TransitionText from "../../control/TransitionText.ts"
import type { Crash, DomainStory, TakenDown } from "../../insight/DomainStory.ts"
import type { DomainEvent } from "../../model/DomainEvent.ts"
import { paintStatus, plain, type Style } from "./Style.ts"
import * as Table from "./Table.ts"

/** How many lines of a cause are shown without `--full`. */
const shortCause = 3

const columns: ReadonlyArray<Table.Column<DomainEvent>> = [
  { head: "TIME (UTC)", cell: (event) => Format.dateTime(event.occurredAt) },
  { head: "TICK", cell: (event) => String(event.tick), align: "right" },
  { head: "GEN", cell: (event) => String(event.generation), align: "right" },
  { head: "STATE", cell: (event) => event.to, style: (event, style) => paintStatus(event.to, style) },
  { head: "TOOK", cell: (event) => event.durationMs === null ? "" : Format.duration(event.durationMs), align: "right" },
  { head: "WHY", cell: TransitionText.reason }
]

/** A domain's story as text: where it stands, its crashes, its other ends, its transitions. */
export const render = (story: DomainStory, options?: {
  readonly style?: Style | undefined
  readonly width?: number | undefined
  readonly causes?: "short" | "full" | undefined
}): string => {
  const style = options?.style ?? plain
  const { crashes, events, generation, more, restarts, row, status, takenDown } = story
  const fit = (text: string) => options?.width === undefined ? text : Table.truncate(text, options.width)

  const indented = (cause: string): ReadonlyArray<string> => {
    const lines = cause.trimEnd().split("\n").map((line) => `    ${Format.oneLine(line)}`)
    const shown = options?.causes === "full" || lines.length <= shortCause
      ? lines
      : [...lines.slice(0, shortCause), `    … ${Format.count(lines.length - shortCause, "more line")}: --full`]
    return shown.map((line) => style.dim(options?.causes === "full" ? line : fit(line)))
  }

  const at = (event: DomainEvent) =>
    `${Format.dateTime(event.occurredAt)}  tick ${event.tick}, generation ${event.generation}: `
  const also = (names: ReadonlyArray<string>) => names.length === 0 ? [] : [`    took down ${names.join(", ")}`]

  const crashLines = ({ event, restart, tookDown }: Crash): ReadonlyArray<string> => [
    `  ${at(event)}${style.red(TransitionText.reason(event))}`,
    ...(event.cause === null ? [] : indented(event.cause)),
    ...also(tookDown),
    restart === null
      ? `    ${style.red("stayed crashed")}: no restart was left`
      : `    restart ${restart.attempt} after ${Format.duration(restart.delayMs)}`
  ]

  const endLines = ({ by, event, tookDown }: TakenDown): ReadonlyArray<string> => [
    `  ${at(event)}by ${by ?? (event.reason === "shutdown" ? "the shutdown" : `an ${event.reason}`)}`,
    ...also(tookDown)
  ]

  const activated = row.activatedAt === null ? "never active" : `last activated ${Format.dateTime(row.activatedAt)}`
  const head = [
    `${style.bold(row.domainName)}  ${paintStatus(status, style)(status)}`,
    `  generation ${generation}, at tick ${row.tickCount}, ${activated} UTC`,
    `  since ${Format.dateTime(row.updatedAt)} UTC (${String(row.metadata["reason"] ?? "unknown")})`,
    `  run ${String(row.metadata["runId"] ?? "unknown")}`,
    `  ${Format.count(crashes.length, "crash", "crashes")}, ${Format.count(restarts, "restart")}${
      more ? ` in the newest ${Format.count(events.length, "transition")}; --limit shows more` : ""
    }`
  ]
  const part = (title: string, lines: ReadonlyArray<string>) =>
    lines.length === 0 ? [] : ["", style.bold(title), ...lines]
  return [
    ...head,
    ...part("Crashes", crashes.flatMap(crashLines)),
    ...part("Taken down", takenDown.flatMap(endLines)),
    ...part("Transitions", events.length === 0 ? [] : [Table.render(columns, events, { style, width: options?.width })])
  ].join("\n")
}
