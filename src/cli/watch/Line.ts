import { displayWidth } from "effect/cli/CliOutput"
import * as Table from "../text/Table.ts"

/** A piece of a line: text, with or without a style. */
export type Span = string | readonly [text: string, paint: (text: string) => string]

/** A line before it is cut to the terminal. */
export type Line = ReadonlyArray<Span>

const textOf = (span: Span): string => typeof span === "string" ? span : span[0]
const paintOf = (span: Span): (text: string) => string => typeof span === "string" ? (text) => text : span[1]

const ascii = /^[ -~]*$/

/** How many cells text takes. ASCII, the common case, takes one for each letter. */
export const widthOf = (text: string): number => ascii.test(text) ? text.length : displayWidth(text)

/** How many cells a line takes. */
export const lengthOf = (line: Line): number => line.reduce((sum, span) => sum + widthOf(textOf(span)), 0)

/** Text cut or filled with spaces to `width` cells. */
export const cell = (text: string, width: number, align: "left" | "right" = "left"): string =>
  width <= 0 ? "" : Table.pad(widthOf(text) <= width ? text : Table.truncate(text, width), width, align)

/** The line as text, cut at `width` cells. */
export const fit = (line: Line, width: number): string => {
  let left = width
  let text = ""
  for (const span of line) {
    if (left <= 0) break
    const whole = textOf(span)
    const cells = widthOf(whole)
    const shown = cells <= left ? whole : Table.truncate(whole, left)
    text += paintOf(span)(shown)
    left -= Math.min(cells, left)
  }
  return text
}

/** Two lines in one, the second at the right; without room for both only the first. */
export const between = (left: Line, right: Line, width: number): Line => {
  const gap = width - lengthOf(left) - lengthOf(right)
  return gap < 2 ? left : [...left, " ".repeat(gap), ...right]
}
