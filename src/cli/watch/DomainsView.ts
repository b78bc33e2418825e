import type { DomainInfo } from "../../control/DomainInfo.ts"
import * as Format from "../../control/Format.ts"
import { lastTickOf, momentOf } from "../../control/ProgramView.ts"
import * as StandingText from "../../control/StandingText.ts"
import { paintStatus, type Style } from "../text/Style.ts"
import { indexOf, listed } from "./Keys.ts"
import { between, cell, type Line, type Span } from "./Line.ts"
import type { Model } from "./Model.ts"

const stateWidth = "deactivating".length

const nameWidth = (domains: ReadonlyArray<DomainInfo>, width: number): number => {
  const longest = domains.reduce((most, { name }) => Math.max(most, name.length), "DOMAIN".length)
  return Math.max(6, Math.min(longest, width < 60 ? Math.max(12, width - 30) : Math.floor(width / 4)))
}

/** The first line of a window of `rows` lines that has the line at `index` in its middle, as far as possible. */
export const windowStart = (length: number, rows: number, index: number): number =>
  Math.max(0, Math.min(length - rows, index - Math.floor(rows / 2)))

const paintHealth = (health: DomainInfo["health"], style: Style): (text: string) => string =>
  health === "silent" ? style.red : health === "suspect" ? style.yellow : style.dim

/** The table of domains with its head, in `rows` lines. If they do not all fit, those around the selected one. */
export const render = (model: Model, style: Style, width: number, rows: number, now: number): ReadonlyArray<Line> => {
  const list = listed(model)
  const around = momentOf(model.view, now)
  const name = nameWidth(model.view.domains, width)
  const wide = width >= 60
  const line = (marker: Span, texts: ReadonlyArray<Span>): Line => [
    marker,
    ...texts.flatMap((span, i) => i === 0 ? [span] : ["  ", span])
  ]
  const columns = (domain: DomainInfo): ReadonlyArray<Span> => [
    [cell(domain.status, stateWidth), paintStatus(domain.status, style)],
    ...(wide
      ? [
        [cell(domain.health ?? "", 7), paintHealth(domain.health, style)] as const,
        cell(String(domain.generation), 3, "right"),
        cell(String(lastTickOf(model.view, domain) || ""), 6, "right")
      ]
      : [])
  ]
  const index = indexOf(list, model.selected)
  const room = Math.max(0, rows - 1)
  const start = windowStart(list.length, room, index)
  const place = list.length > room
    ? `${start + 1}–${start + Math.min(room, list.length)} of ${Format.number(list.length)}`
    : ""
  const head: Line = line("  ", [
    [cell("DOMAIN", name), style.bold],
    [cell("STATE", stateWidth), style.bold],
    ...(wide
      ? [
        [cell("HEALTH", 7), style.bold] as const,
        [cell("GEN", 3), style.bold] as const,
        [cell("TICK", 6, "right"), style.bold] as const
      ]
      : []),
    ["WHY", style.bold]
  ])
  const lines = list.slice(start, start + room).map((domain, i) => {
    const chosen = start + i === index
    return line(chosen ? ["▸ ", style.cyan] : "  ", [
      [cell(domain.name, name), chosen ? style.bold : (text) => text],
      ...columns(domain),
      StandingText.describe(domain, around)
    ])
  })
  if (list.length > 0 || room === 0) return [between(head, [[place, style.dim]], width), ...lines]
  const none = model.filter === "" ? "  no domains" : `  no domain matches “${model.filter}”`
  return [head, [[none, style.dim]]]
}
