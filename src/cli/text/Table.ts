import { displayWidth } from "effect/cli/CliOutput"
import * as Format from "../../control/Format.ts"
import { plain, type Style } from "./Style.ts"

/** One column: its head, and how a row is shown in it. */
export interface Column<in Row> {
  readonly head: string
  readonly cell: (row: Row) => string
  readonly align?: "left" | "right" | undefined
  readonly style?: ((row: Row, style: Style) => (text: string) => string) | undefined
}

const gap = "  "

/** Shortens text to a number of terminal cells; what is cut is shown by `…`. */
export const truncate = (text: string, width: number): string => {
  if (displayWidth(text) <= width) return text
  let kept = ""
  for (const character of text) {
    if (displayWidth(kept + character) >= width) break
    kept += character
  }
  return `${kept}…`
}

/** Fills text with spaces to a number of terminal cells. */
export const pad = (text: string, width: number, align: "left" | "right" = "left"): string => {
  const padding = " ".repeat(Math.max(0, width - displayWidth(text)))
  return align === "right" ? padding + text : text + padding
}

/** Narrows the widest columns of text until the table fits, but none below its head. */
const shrink = (widths: Array<number>, least: ReadonlyArray<number>, width: number): void => {
  const total = () => widths.reduce((sum, one) => sum + one, gap.length * (widths.length - 1))
  while (total() > width) {
    const widest = widths.reduce((most, one, i) => one > least[i]! && one > (widths[most] ?? 0) ? i : most, -1)
    if (widest === -1) return
    widths[widest]!--
  }
}

/**
 * Draws rows in aligned columns, two spaces apart, without spaces at the ends of lines. With a `width` the last column is
 * cut, and then the widest ones; `note` adds a line below a row.
 */
export const render = <Row>(columns: ReadonlyArray<Column<Row>>, rows: ReadonlyArray<Row>, options?: {
  readonly style?: Style | undefined
  readonly width?: number | undefined
  readonly note?: ((row: Row) => string | undefined) | undefined
}): string => {
  const style = options?.style ?? plain
  const cells = rows.map((row) => columns.map((column) => Format.oneLine(column.cell(row))))
  const widths = columns.map((column, i) =>
    Math.max(displayWidth(column.head), ...cells.map((row) => displayWidth(row[i]!)))
  )
  const last = columns.length - 1
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + gap.length, 0)
  if (options?.width !== undefined) {
    widths[last] = Math.max(displayWidth(columns[last]!.head), Math.min(widths[last]!, options.width - before))
    shrink(widths, columns.map(({ align, head }) => align === "right" ? Infinity : displayWidth(head)), options.width)
  }

  const line = (texts: ReadonlyArray<string>, paint: (column: number) => (text: string) => string): string =>
    texts.map((text, i) => {
      const shown = truncate(text, widths[i]!)
      const padded = i === last && columns[i]!.align !== "right" ? shown : pad(shown, widths[i]!, columns[i]!.align)
      return padded.replace(shown, () => paint(i)(shown))
    }).join(gap).trimEnd()

  const lines = [line(columns.map((column) => column.head), () => style.bold)]
  rows.forEach((row, i) => {
    lines.push(line(cells[i]!, (column) => columns[column]!.style?.(row, style) ?? ((text) => text)))
    const note = options?.note?.(row)
    if (note !== undefined) {
      const text = `    ${Format.oneLine(note)}`
      lines.push(style.dim(options?.width === undefined ? text : truncate(text, options.width)))
    }
  })
  return lines.join("\n")
}
