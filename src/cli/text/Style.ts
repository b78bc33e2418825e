import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"

/** Colours and weights of text. Where there are no colours, each leaves the text as it is. */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly blue: (text: string) => string
  readonly cyan: (text: string) => string
}

const ansi = (code: number) => (text: string): string => text === "" ? text : `\u001b[${code}m${text}\u001b[0m`
const same = (text: string): string => text

/** Text as it is: for files and pipes, and when `NO_COLOR` is set. */
export const plain: Style = { bold: same, dim: same, red: same, green: same, yellow: same, blue: same, cyan: same }

export const coloured: Style = {
  bold: ansi(1),
  dim: ansi(2),
  red: ansi(31),
  green: ansi(32),
  yellow: ansi(33),
  blue: ansi(34),
  cyan: ansi(36)
}

/** What standard output can show. */
export const current: Effect.Effect<Style> = Effect.map(
  TerminalCapabilities.TerminalCapabilities,
  (terminal) => terminal.canColor ? coloured : plain
)

/** A domain's state in its colour. */
export const paintStatus = (status: string, style: Style): (text: string) => string => {
  switch (status) {
    case "active":
      return style.green
    case "crashed":
      return style.red
    case "restarting":
    case "deactivating":
      return style.yellow
    case "activating":
      return style.cyan
    default:
      return style.dim
  }
}
