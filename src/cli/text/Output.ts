import * as Flag from "effect/cli/Flag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"
import * as Style from "./Style.ts"
import { hanging } from "./Wrap.ts"

/** `--json`: every reading command has it. */
export const json: Flag.Flag<boolean> = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Print JSON and nothing else on standard output")
)

/** Where something is drawn: its styles, and its width. A file or a pipe has no width. */
export interface Display {
  readonly style: Style.Style
  readonly width: number | undefined
}

/** The width of the terminal; none for a file or a pipe. */
export const width: Effect.Effect<number | undefined, never, Terminal.Terminal> = Effect.gen(function*() {
  const { canAnimate } = yield* TerminalCapabilities.TerminalCapabilities
  if (!canAnimate) return undefined
  const columns = yield* Terminal.Terminal.use((terminal) => terminal.columns)
  return columns > 0 ? columns : 80
})

/** What standard output is. */
export const display: Effect.Effect<Display, never, Terminal.Terminal> = Effect.all({ style: Style.current, width })

/** Writes one line to standard error; on a terminal it is broken at spaces. */
export const tell = (text: string): Effect.Effect<void, never, Stdio.Stdio> =>
  Effect.gen(function*() {
    const { stderrIsTerminal } = yield* Stdio.Stdio
    yield* Console.error(hanging(text, (yield* stderrIsTerminal) ? process.stderr.columns || 80 : undefined))
  })

/** Prints a value as JSON, in the form that its schema encodes to. */
export const printJson = <S extends Schema.ConstraintEncoder<unknown>>(schema: S, value: S["Type"]) =>
  Effect.flatMap(
    Effect.orDie(Schema.encodeEffect(schema)(value)),
    (encoded) => Console.log(JSON.stringify(encoded, null, 2))
  )

/** Prints a value: as JSON where `--json` was given, else as `draw` draws it. */
export const print = <S extends Schema.ConstraintEncoder<unknown>>(
  json: boolean,
  schema: S,
  value: S["Type"],
  draw: (display: Display) => string
) => json ? printJson(schema, value) : Effect.flatMap(display, (display) => Console.log(draw(display)))
