import * as Format from "../../control/Format.ts"
import * as TransitionText from "../../control/TransitionText.ts"
import type { DomainEvent } from "../../model/DomainEvent.ts"
import { paintStatus, type Style } from "../text/Style.ts"
import { listed } from "./Keys.ts"
import { cell, type Line } from "./Line.ts"
import type { Model } from "./Model.ts"

/** One transition as a line; `name` is the width of the domain's name, 0 leaves it out. */
export const line = (event: DomainEvent, style: Style, name: number): Line => [
  [Format.timeOfDay(event.occurredAt), style.dim],
  ` ${cell(String(event.tick), 6, "right")}  `,
  ...(name === 0 ? [] : [cell(event.domain, name), "  "]),
  [cell(event.to, "deactivating".length), paintStatus(event.to, style)],
  "  ",
  TransitionText.describe(event)
]

/** The newest transitions of the domains that are listed, the newest last. */
export const render = (model: Model, style: Style, width: number, rows: number): ReadonlyArray<Line> => {
  const shown = model.filter === "" ? undefined : new Set(listed(model).map(({ name }) => name))
  const events = model.view.events.filter(({ domain }) => shown === undefined || shown.has(domain))
    .slice(0, rows).toReversed()
  if (events.length === 0) return [[["  no transition yet", style.dim]]]
  const longest = Math.max(...events.map(({ domain }) => domain.length))
  return events.map((event) => line(event, style, Math.min(longest, width < 60 ? 12 : 24)))
}
