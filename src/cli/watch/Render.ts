import type { Style } from "../text/Style.ts"
import * as DomainsView from "./DomainsView.ts"
import * as EventsView from "./EventsView.ts"
import * as HeartbeatView from "./HeartbeatView.ts"
import { fit, lengthOf, type Line } from "./Line.ts"
import type { Model } from "./Model.ts"
import * as StoryView from "./StoryView.ts"
import * as TimelineView from "./TimelineView.ts"

/** The size of the terminal, and its styles. */
export interface Canvas {
  readonly columns: number
  readonly rows: number
  readonly style: Style
}

const help: ReadonlyArray<readonly [keys: string, what: string]> = [
  ["↑ ↓  k j", "select a domain, or scroll its story"],
  ["PgUp PgDn", "a page up or down"],
  ["Home End  g G", "the first, the last"],
  ["Enter", "the selected domain's story; Enter or Esc goes back"],
  ["/", "filter by name, state or health; Enter keeps, Esc clears"],
  ["s", "order: as given, or trouble first"],
  ["t  Tab", "below: last transitions, or activations by wave"],
  ["Ctrl-L", "draw everything anew"],
  ["q  Ctrl-C", "quit"],
  ["", ""],
  ["●", "beats with each tick"],
  ["░", "an activation's wait for other domains"],
  ["█", "its own work; tick/wave is at the left"]
]

const rule = (title: string, style: Style, width: number): Line => {
  const text = `── ${title} `
  return [[`${text}${"─".repeat(Math.max(0, width - text.length))}`, style.dim]]
}

const footer = (model: Model, style: Style): Line => {
  if (model.typing === "filter") return [["/", style.cyan], model.filter, ["▏", style.cyan]]
  const keys = model.page._tag === "Overview"
    ? "q quit  ? help  ↑↓ select  Enter story  / filter  s order  t timeline"
    : model.page._tag === "Story"
    ? "q quit  ? help  ↑↓ scroll  Esc back"
    : "any key goes back"
  return model.filter === ""
    ? [[keys, style.dim]]
    : [["/", style.cyan], model.filter, [`  Esc clears  ${keys}`, style.dim]]
}

const titleOf = (lower: Model["lower"]): string =>
  lower === "events" ? "Last transitions (UTC)" : "Activations by tick/wave: ░ waits, █ works"

const overview = (model: Model, style: Style, width: number, rows: number, now: number): ReadonlyArray<Line> => {
  const panel = (lower: Model["lower"], rows: number) => [
    rule(titleOf(lower), style, width),
    ...(lower === "events"
      ? EventsView.render(model, style, width, rows - 1)
      : TimelineView.render(model, style, width, rows - 1, now))
  ]
  const both = rows >= 30 ? 2 : rows >= 9 ? 1 : 0
  const wanted = Math.max(2, model.view.domains.length + 1)
  const upper = both === 0 ? rows : Math.min(wanted, Math.ceil(rows / (both === 2 ? 2 : 1.6)))
  const domains = DomainsView.render(model, style, width, upper, now)
  if (both === 0) return domains
  const filled = [...domains, ...Array.from({ length: upper - domains.length }, (): Line => [])]
  if (both === 1) return [...filled, ...panel(model.lower, rows - upper)]
  const below = rows - upper
  const timeline = panel("timeline", Math.max(3, Math.min(model.view.activations.size + 1, Math.floor(below / 2))))
  const last = panel("events", below - timeline.length)
  return [...filled, ...timeline, ...last]
}

/** How many lines a page of the list has, for the keys that scroll by one. */
export const pageOf = ({ rows }: Canvas): number => Math.max(1, Math.floor(rows / 2) - 3)

/**
 * The whole picture as lines of text: exactly as many as the terminal has, none wider than it. `now` is the local clock's,
 * in milliseconds since the epoch.
 */
export const render = (model: Model, { columns, rows, style }: Canvas, now: number): ReadonlyArray<string> => {
  const trouble = HeartbeatView.trouble(model, style, now)
  const head: ReadonlyArray<Line> = [
    HeartbeatView.title(model, style, columns, now),
    ...(trouble === undefined ? [] : [trouble]),
    HeartbeatView.heartbeat(model, style, columns, now),
    HeartbeatView.summary(model, style, columns)
  ]
  const body = rows - head.length - 1
  const { page } = model
  const content: ReadonlyArray<Line> = body < 1
    ? []
    : page._tag === "Help"
    ? help.map(([keys, what]): Line => [[`  ${keys.padEnd(16)}`, style.bold], what])
    : model.view.stats === undefined
    ? [[], ["  Start the program with ", ["thunderline start", style.bold], "; this view waits for it."]]
    : page._tag === "Story"
    ? StoryView.render(model, page, style, body, now)
    : overview(model, style, columns, body, now)
  const lines = [...head, ...content.slice(0, Math.max(0, body))].slice(0, rows - 1)
  while (lines.length < rows - 1) lines.push([])
  return [...lines, footer(model, style)].map((line) => lengthOf(line) === 0 ? "" : fit(line, columns).trimEnd())
}
