import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Terminal from "effect/Terminal"
import { widthOf } from "./Line.ts"

const escape = "\u001b["

/** Takes the terminal's other screen, hides the cursor and cuts long lines instead of wrapping them. */
export const opening = `${escape}?1049h${escape}?25l${escape}?7l${escape}2J`

/** Gives back the screen as it was before `opening`; a terminal that was resized meanwhile may leave some of this one. */
export const closing = `${escape}0m${escape}2J${escape}?7h${escape}?25h${escape}?1049l`

/** Terminals that know it show what is between these two at once; the others ignore them. */
const begin = `${escape}?2026h`
const end = `${escape}?2026l`

/**
 * What has to be written to turn one picture into another: whole lines, and only those that differ. The rest of a line
 * is erased behind it, but not behind one that fills the terminal: its last cell would go.
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
  /** Shows these lines, at most `columns` wide, from the top; what is there already is not written again. */
  readonly show: (lines: ReadonlyArray<string>, columns: number) => Effect.Effect<void>
  /** Forgets what is there: the next `show` draws everything. */
  readonly clear: Effect.Effect<void>
}

/** A terminal that is gone shows nothing and has nothing to be restored. */
const write = (terminal: Terminal.Terminal, text: string) =>
  text === "" ? Effect.void : Effect.ignore(terminal.display(text))

/**
 * Takes the whole screen until the scope closes, then leaves the terminal as it was; also when the process is made to
 * exit at once.
 */
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
