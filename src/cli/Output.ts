import * as Flag from "effect/cli/Flag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Terminal from "effect/Terminal"

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

/** Prints a value as JSON, in the form that its schema encodes to. */
export const printJson = <S extends Schema.ConstraintEncoder<unknown>>(schema: S, value: S["Type"]) =>
  Effect.flatMap(
    Effect.orDie(Schema.encodeEffect(schema)(value)),
    (encoded) => Console.log(JSON.stringify(encoded, null, 2))
  )
