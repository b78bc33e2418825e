import type { DomainInfo } from "../../control/DomainInfo.ts"
import * as Format from "../../control/Format.ts"
import { lastTickOf, momentOf } from "../../control/ProgramView.ts"
import * as StandingText from "../../control/StandingText.ts"
import { paintStatus, type Style } from "../text/Style.ts"
import * as EventsView from "./EventsView.ts"
import type { Line, Span } from "./Line.ts"
import { type Model, type Page, storyOf } from "./Model.ts"

/** How many lines of a cause are shown. */
const causeLines = 12

/** One domain: where it stands, its dependencies and dependants, its cause, and its transitions, the newest first. */
export const render = (
  model: Model,
  page: Extract<Page, { readonly _tag: "Story" }>,
  style: Style,
  rows: number,
  now: number
): ReadonlyArray<Line> => {
  const around = momentOf(model.view, now)
  const domain = around.byName.get(page.domain)
  if (domain === undefined) return [[[page.domain, style.bold], " is not a domain of this program"]]
  const label = (text: string): Span => [`  ${text.padEnd(12)}`, style.dim]
  const withStates = (all: ReadonlyArray<string>): Line =>
    all.length === 0
      ? [["nothing", style.dim]]
      : all.flatMap((name, i): Line => {
        const state = around.byName.get(name)?.status ?? "unknown"
        return [...(i === 0 ? [] : [", "]), name, " ", [state, paintStatus(state, style)]]
      })
  const dependants = model.view.domains.filter((other: DomainInfo) => other.dependsOn.includes(domain.name))
  const { activatedAt, activationTick, cause, criticality, generation, opening, status } = domain
  const gate = opening === null
    ? `opens from tick ${activationTick}`
    : `opened by tick ${opening.tick}, wave ${opening.wave}`
  const story = storyOf(model, page)
  const restarts = story?.filter(({ to }) => to === "restarting").length ?? 0
  const crashes = story?.filter(({ to }) => to === "crashed").length ?? 0
  const transitions = story === undefined
    ? [[[page.problem === undefined ? "  reading the trail …" : `  ${page.problem}`, style.dim]] as Line]
    : story.map((event) => EventsView.line(event, style, 0))
  const lines: ReadonlyArray<Line> = [
    [
      [domain.name, style.bold],
      "  ",
      [status, paintStatus(status, style)],
      "  ",
      StandingText.describe(domain, around)
    ],
    [
      label("generation"),
      `${generation}, ${activatedAt === null ? "never active" : `last active from ${Format.dateTime(activatedAt)} UTC`}`
    ],
    [
      label("gate"),
      `${gate}; last tick ${Format.number(lastTickOf(model.view, domain))}; ${criticality}${
        domain.health === null ? "" : `; ${domain.health}`
      }`
    ],
    [label("depends on"), ...withStates(domain.dependsOn)],
    ...(domain.after.length === 0 ? [] : [[label("starts after"), ...withStates(domain.after)]]),
    [label("needed by"), dependants.length === 0 ? "nothing" : Format.names(dependants.map(({ name }) => name), 8)],
    ...(story === undefined
      ? []
      : [[
        label("lately"),
        `${crashes} ${crashes === 1 ? "crash" : "crashes"}, ${restarts} ${
          restarts === 1 ? "restart" : "restarts"
        } in ${story.length} transitions`
      ]]),
    ...(cause === null ? [] : [
      [],
      [["Cause", style.bold]] as Line,
      ...cause.trimEnd().split("\n").slice(0, causeLines).map((
        text
      ): Line => [[`  ${Format.oneLine(text)}`, style.red]])
    ]),
    [],
    [["Transitions (UTC), the newest first", style.bold]],
    ...transitions
  ]
  const start = Math.max(0, Math.min(page.scroll, lines.length - rows))
  return lines.slice(start, start + rows)
}
