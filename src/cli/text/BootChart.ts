import * as Format from "../../control/Format.ts"
import type { BootAnalysis, DomainBoot } from "../../insight/BootAnalysis.ts"
import { plain, type Style } from "./Style.ts"
import * as Table from "./Table.ts"

/** The parts of a domain's time that are drawn, in the order in which they come. */
export const parts = [
  { part: "startMs", glyph: "·", name: "before the heartbeat" },
  { part: "tickMs", glyph: "─", name: "waiting for its tick" },
  { part: "dependencyMs", glyph: "░", name: "waiting for a dependency" },
  { part: "setbackMs", glyph: "▒", name: "failed builds, back-off" },
  { part: "queueMs", glyph: "┄", name: "waiting for its turn" },
  { part: "ownMs", glyph: "█", name: "own work" }
] as const
export type Part = (typeof parts)[number]["part"]

/** Domains that the same tick opened in the same wave. */
export interface Wave {
  readonly tick: number
  readonly wave: number
  readonly domains: ReadonlyArray<DomainBoot>
}

/** The domains by tick and wave, in order. */
export const waves = (analysis: BootAnalysis): ReadonlyArray<Wave> => {
  const groups = Map.groupBy(analysis.domains, ({ tick, wave }) => `${tick} ${wave}`)
  return Array.from(groups.values(), (domains) => ({ tick: domains[0]!.tick, wave: domains[0]!.wave, domains }))
    .sort((a, b) => a.tick - b.tick || a.wave - b.wave)
}

/**
 * Where the drawing begins, in milliseconds: at 0, or shortly before the first gate opened if the time before that would
 * take most of the drawing.
 */
export const beginOf = (analysis: BootAnalysis): number => {
  const first = Math.min(...analysis.domains.map(({ openedAt }) => openedAt))
  const rest = analysis.totalMs - first
  return first > 2 * rest ? Math.max(0, Math.floor(first - rest / 4)) : 0
}

/** The parts of a domain's time as segments, cut at `begin`. */
export const segments = (boot: DomainBoot, begin: number) => {
  let at = 0
  return parts.map(({ part }) => {
    const from = Math.max(at, begin)
    at += boot[part]
    return { part, from, to: Math.max(from, at) }
  })
}

const paintPart = (part: Part, style: Style): (text: string) => string =>
  part === "ownMs" ? style.green : part === "setbackMs" ? style.red : part === "dependencyMs" ? style.yellow : style.dim

/** A Gantt drawing for a terminal, `width` cells wide (default 80): a line for each domain, wave by wave. */
export const render = (analysis: BootAnalysis, options?: {
  readonly style?: Style | undefined
  readonly width?: number | undefined
}): string => {
  const style = options?.style ?? plain
  const width = Math.max(40, options?.width ?? 80)
  const { domains, totalMs } = analysis
  const nameWidth = Math.min(20, Math.max(...domains.map(({ domain }) => domain.length)))
  const bar = width - nameWidth - 11
  const begin = beginOf(analysis)
  const cell = (at: number) => totalMs === begin ? 0 : Math.round(((at - begin) / (totalMs - begin)) * bar)

  const draw = (boot: DomainBoot): string => {
    let line = ""
    let length = 0
    for (const { from, part, to } of segments(boot, begin)) {
      // Own work is always drawn, however short it is.
      const end = part === "ownMs" ? Math.min(bar, Math.max(cell(to), length + 1)) : Math.min(cell(to), bar - 1)
      if (end <= length || (from === to && part !== "ownMs")) continue
      const { glyph } = parts.find((one) => one.part === part)!
      line += paintPart(part, style)(glyph.repeat(end - length))
      length = end
    }
    return line + " ".repeat(Math.max(0, bar - length))
  }

  const lines: Array<string> = []
  for (const { domains, tick, wave } of waves(analysis)) {
    lines.push(style.dim(`tick ${tick}, wave ${wave}`))
    for (const boot of domains) {
      const name = Table.truncate(boot.domain, nameWidth).padEnd(nameWidth)
      lines.push(`  ${name} ${draw(boot)} ${Format.exactDuration(boot.activeAt).padStart(7)}`)
    }
  }
  const left = Format.exactDuration(begin)
  const right = Format.exactDuration(totalMs)
  const axis = `${" ".repeat(nameWidth + 3)}${left}${right.padStart(bar - left.length)}`
  const drawn = parts.filter(({ part }) =>
    domains.some((boot) => segments(boot, begin).some((one) => one.part === part && one.to > one.from))
  )
  const legend: Array<string> = []
  let length = width
  for (const { glyph, name, part } of drawn) {
    const item = `  ${paintPart(part, style)(glyph)} ${name}`
    length += name.length + 5
    if (length > width) {
      legend.push(item)
      length = name.length + 4
    } else legend.push(`${legend.pop()} ${item}`)
  }
  return [style.dim(axis), ...lines, "", ...legend].join("\n")
}
