import * as Flag from "effect/cli/Flag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"
import { hanging } from "./Wrap.ts"

/** `--json`: every reading command has it. */
export const json: Flag.Flag<boolean> = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Print JSON and nothing else on standard output")
)

/** How wide a drawing may be: as the terminal, or without limit in a file or pipe. */
export const width: Effect.Effect<number | undefined, never, Terminal.Terminal> = Effect.gen(function*() {
  const { canAnimate } = yield* TerminalCapabilities.TerminalCapabilities
  if (!canAnimate) return undefined
  const columns = yield* Terminal.Terminal.use((terminal) => terminal.columns)
  return columns > 0 ? columns : 80
})

/** Tells something on standard error: in one line, which a terminal gets broken at spaces. */
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
