import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Terminal from "effect/Terminal"
import { widthOf } from "./Line.ts"

const escape = "\u001b["

/** Switches to the alternate screen, hides the cursor, and cuts long lines instead of wrapping them. */
export const opening = `${escape}?1049h${escape}?25l${escape}?7l${escape}2J`

/** Switches back to the screen before `opening`. It is cleared first, for terminals that were resized meanwhile. */
export const closing = `${escape}0m${escape}2J${escape}?7h${escape}?25h${escape}?1049l`

/** Terminals that know these two show all that is between them at once; others ignore them. */
const begin = `${escape}?2026h`
const end = `${escape}?2026l`

/**
 * The text that turns one picture into another: the lines that differ. The rest of a line is erased, unless the line fills
 * the terminal: that would erase its last cell.
 */
export const difference = (before: ReadonlyArray<string>, after: ReadonlyArray<string>, columns: number): string => {
  let text = ""
  after.forEach((line, i) => {
    if (line === before[i]) return
    const erase = widthOf(line) < columns ? `${escape}K` : ""
    text += `${escape}${i + 1};1H${escape}0m${line}${escape}0m${erase}`
  })
  return text === "" ? "" : begin + text + end
}

/** The whole screen of a terminal. */
export interface Screen {
  /** Shows lines, at most `columns` wide, from the top. Lines that have not changed are not written again. */
  readonly show: (lines: ReadonlyArray<string>, columns: number) => Effect.Effect<void>
  /** Clears the screen: the next `show` draws everything. */
  readonly clear: Effect.Effect<void>
}

/** Writes to the terminal; one that is gone is ignored. */
const write = (terminal: Terminal.Terminal, text: string) =>
  text === "" ? Effect.void : Effect.ignore(terminal.display(text))

/** Takes the whole screen until the scope closes or the process exits, and then restores the terminal. */
export const open: Effect.Effect<Screen, never, Terminal.Terminal | Scope.Scope> = Effect.gen(function*() {
  const terminal = yield* Terminal.Terminal
  const atExit = () => void process.stdout.write(closing)
  yield* Effect.acquireRelease(
    Effect.andThen(write(terminal, opening), Effect.sync(() => process.once("exit", atExit))),
    () => Effect.andThen(write(terminal, closing), Effect.sync(() => process.off("exit", atExit)))
  )
  let shown: ReadonlyArray<string> = []
  return {
    show: (lines, columns) =>
      Effect.suspend(() => {
        const text = difference(shown, lines, columns)
        shown = lines
        return write(terminal, text)
      }),
    clear: Effect.suspend(() => {
      shown = []
      return write(terminal, `${escape}2J`)
    })
  }
})
