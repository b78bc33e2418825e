import * as Format from "../../control/Format.ts"
import type { BootAnalysis } from "../../insight/BootAnalysis.ts"
import { beginOf, type Part, parts, segments, waves } from "./BootChart.ts"
import { truncate } from "./Table.ts"

const row = 22
const left = 170
const right = 90
const top = 54
const chart = 640

const colours: { readonly [P in Part]: string } = {
  startMs: "#d0d4da",
  tickMs: "#b4bbc5",
  dependencyMs: "#e0b64f",
  setbackMs: "#c8503c",
  queueMs: "#8fb7d9",
  ownMs: "#2f8f5b"
}

const escape = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")

const round = (value: number) => Math.round(value * 100) / 100

/** The step of the axis: 1, 2, 5, 10 … milliseconds, so that there are about five. */
const stepOf = (span: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(span, 1) / 5))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => span / step <= 6) ?? span
}

/** The Gantt drawing as an SVG document of its own. Each part has its length as its title. */
export const render = (analysis: BootAnalysis): string => {
  const begin = beginOf(analysis)
  const span = Math.max(1, analysis.totalMs - begin)
  const x = (at: number) => round(left + ((at - begin) / span) * chart)
  const body: Array<string> = []
  let y = top
  for (const { domains, tick, wave } of waves(analysis)) {
    body.push(`<text class="wave" x="10" y="${y + 15}">tick ${tick}, wave ${wave}</text>`)
    y += row
    for (const boot of domains) {
      body.push(`<text x="20" y="${y + 15}">${escape(truncate(boot.domain, 22))}</text>`)
      for (const { from, part, to } of segments(boot, begin)) {
        if (from === to && part !== "ownMs") continue
        const { name } = parts.find((one) => one.part === part)!
        const width = round(Math.max(1, x(to) - x(from)))
        const title = `${escape(boot.domain)}: ${name} ${Format.exactDuration(boot[part])}`
        body.push(
          `<rect x="${x(from)}" y="${y + 4}" width="${width}" height="${row - 7}" fill="${colours[part]}">` +
            `<title>${title}</title></rect>`
        )
      }
      body.push(
        `<text class="time" x="${x(boot.activeAt) + 6}" y="${y + 15}">${Format.exactDuration(boot.activeAt)}</text>`
      )
      y += row
    }
  }
  const grid: Array<string> = []
  const step = stepOf(span)
  for (let at = Math.ceil(begin / step) * step; at <= analysis.totalMs; at += step) {
    grid.push(
      `<line x1="${x(at)}" y1="${top - 4}" x2="${x(at)}" y2="${y}"/>` +
        `<text class="time" text-anchor="middle" x="${x(at)}" y="${top - 9}">${Format.exactDuration(at)}</text>`
    )
  }
  let legendAt = 10
  const legend = parts.map(({ name, part }) => {
    const at = legendAt
    legendAt += 34 + name.length * 6.4
    return `<rect x="${round(at)}" y="${y + 14}" width="11" height="11" fill="${colours[part]}"/>` +
      `<text x="${round(at + 16)}" y="${y + 24}">${name}</text>`
  })
  const title = `Boot of run ${escape(analysis.runId)}: ${Format.exactDuration(analysis.totalMs)}`
  const width = left + chart + right
  const height = y + 38
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${title}</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #20242a }
.head { font-weight: 600; font-size: 14px } .wave, .time { fill: #6b7280 } line { stroke: #e5e7eb }
</style>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text class="head" x="10" y="22">${title}</text>
${[...grid, ...body, ...legend].join("\n")}
</svg>
`
}
