import { displayWidth } from "effect/cli/CliOutput"

/** Breaks text at spaces into lines of at most so many cells; a longer word has a line of its own. */
export const wrap = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    const last = lines.at(-1)
    if (last !== undefined && displayWidth(last) + 1 + displayWidth(word) <= width) {
      lines[lines.length - 1] = `${last} ${word}`
    } else lines.push(word)
  }
  return lines
}

/**
 * Breaks a sentence at spaces and indents the lines after the first; spaces at its begin are kept. Without a `width`, for
 * a file or a pipe, it stays as it is.
 */
export const hanging = (text: string, width: number | undefined, indent = "  "): string => {
  if (width === undefined || displayWidth(text) <= width) return text
  const begin = /^ */.exec(text)![0]
  const room = Math.max(20, width - Math.max(indent.length, begin.length))
  return wrap(text, room).map((line, i) => (i === 0 ? begin : indent) + line).join("\n")
}
