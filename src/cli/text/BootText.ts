import * as Format from "../../control/Format.ts"
import { blame, type BootAnalysis, type DomainBoot } from "../../insight/BootAnalysis.ts"
import * as BootChart from "./BootChart.ts"
import { plain, type Style } from "./Style.ts"
import * as Table from "./Table.ts"
import { hanging } from "./Wrap.ts"

/** A duration; nothing for 0. */
const some = (ms: number): string => ms === 0 ? "" : Format.exactDuration(ms)

const waitedFor = ({ lastAwaited, tick }: DomainBoot): string => lastAwaited ?? `tick ${tick}`

const column = (head: string, part: BootChart.Part): Table.Column<DomainBoot> => ({
  head,
  cell: (boot) => some(boot[part]),
  align: "right"
})

/** The columns, without those that would be empty. */
const blameColumns = (domains: ReadonlyArray<DomainBoot>): ReadonlyArray<Table.Column<DomainBoot>> => {
  const waits = ([["SETBACKS", "setbackMs"], ["QUEUE", "queueMs"], ["DEPENDENCY", "dependencyMs"]] as const)
    .filter(([_, part]) => domains.some((boot) => boot[part] > 0))
  return [
    { head: "DOMAIN", cell: (boot) => boot.domain },
    {
      head: "OWN WORK",
      cell: (boot) => Format.exactDuration(boot.ownMs),
      align: "right",
      style: (_, style) => style.green
    },
    ...waits.map(([head, part]) => column(head, part)),
    { head: "TICK", cell: (boot) => some(boot.startMs + boot.tickMs), align: "right" },
    { head: "ACTIVE AT", cell: (boot) => Format.exactDuration(boot.activeAt), align: "right" },
    { head: "AFTER", cell: waitedFor }
  ]
}

const chainLines = ({ chain, domains }: BootAnalysis, width: number | undefined): ReadonlyArray<string> => {
  const names = Math.max(...chain.map(({ domain }) => domain.length))
  return chain.map(({ domain, ownMs, setbackMs, waitMs }, i) => {
    const { startMs, tick } = domains.find((boot) => boot.domain === domain)!
    const parts = [`${Format.exactDuration(ownMs).padStart(7)} own work`]
    if (setbackMs > 0) parts.push(`${Format.exactDuration(setbackMs)} setbacks`)
    if (i > 0 && waitMs > 0) parts.push(`${Format.exactDuration(waitMs)} waiting`)
    if (i === 0) {
      parts.push(`${Format.exactDuration(startMs)} start`)
      parts.push(`${Format.exactDuration(waitMs - startMs)} to tick ${tick}`)
    }
    return hanging(`  ${domain.padEnd(names)}  ${parts.join(" + ")}`, width, " ".repeat(names + 6))
  })
}

/** An analysis as text: totals, critical chain, blame, drawing. With a prediction it shows those of the prediction. */
export const render = (analysis: BootAnalysis, options?: {
  readonly predicted?: BootAnalysis | undefined
  readonly changes?: { readonly [domain: string]: number } | undefined
  readonly style?: Style | undefined
  readonly width?: number | undefined
}): string => {
  const style = options?.style ?? plain
  const width = options?.width
  const { predicted } = options ?? {}
  const shown = predicted ?? analysis
  const heading = (text: string) => `\n${style.bold(text)}`
  const lines = [
    `Run ${analysis.runId}, started ${Format.dateTime(analysis.startedAt)} UTC`,
    `All ${analysis.domains.length} domains active after ${style.bold(Format.exactDuration(analysis.totalMs))}; ` +
    `ideal ${Format.exactDuration(analysis.idealMs)} (longest path of own work)`
  ]
  if (predicted !== undefined) {
    const changes = Object.entries(options?.changes ?? {}).map(([domain, ms]) =>
      `${domain} took ${Format.exactDuration(ms)}`
    )
    const saved = analysis.totalMs - predicted.totalMs
    const difference = saved === 0
      ? "no change"
      : saved > 0
      ? `${Format.exactDuration(saved)} less`
      : `${Format.exactDuration(-saved)} more`
    lines.push(
      `If ${changes.join(" and ")}: ${style.bold(Format.exactDuration(predicted.totalMs))} (${difference}); ` +
        `ideal ${Format.exactDuration(predicted.idealMs)}`
    )
  }
  for (const { cause, domain, status } of analysis.unfinished) {
    lines.push(
      style.red(
        `${domain} is ${status}${cause === null ? "" : `: ${Format.firstLine(cause)}`}`
      )
    )
  }
  if (shown.domains.length === 0) return lines.join("\n")
  return [
    ...lines,
    heading(predicted === undefined ? "Critical chain" : "Critical chain, predicted"),
    ...chainLines(shown, width),
    heading(predicted === undefined ? "Blame" : "Blame, predicted"),
    Table.render(blameColumns(shown.domains), blame(shown), { style, width }),
    "",
    BootChart.render(shown, { style, width })
  ].join("\n")
}
