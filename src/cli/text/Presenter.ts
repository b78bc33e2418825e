import * as CliOutput from "effect/cli/CliOutput"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Stdio } from "effect/Stdio"
import { Terminal } from "effect/Terminal"
import * as Help from "./Help.ts"
import * as Output from "./Output.ts"
import * as Style from "./Style.ts"

const sentences = (text: string): string => text.trim().replaceAll(/([.?!])?\s*\n\s*/g, (_, end = ".") => `${end} `)

/**
 * Writes help and version to standard output: help as wide as the terminal, without the flags that all commands have. For a
 * wrong command line it writes one line for each fault to standard error, and no help.
 */
export const layer: Layer.Layer<never, never, Stdio | Terminal> = Layer.effect(
  CliOutput.Presenter,
  Effect.map(Effect.all([Stdio, Terminal]), ([stdio, terminal]) => ({
    present: Effect.fnUntraced(function*(event) {
      const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
      const formatter = CliOutput.defaultFormatter({ colors: canColor })
      switch (event._tag) {
        case "Help": {
          const style = yield* Style.current
          const width = yield* Effect.provideService(Output.width, Terminal, terminal)
          return yield* Console.log(Help.render(event.helpDoc, { style, width }))
        }
        case "Version":
          return yield* Console.log(formatter.formatVersion(event.name, event.version))
        case "InvalidInvocation": {
          const command = event.commandPath.join(" ")
          for (const error of event.errors) {
            yield* Output.tell(`${command}: ${sentences(formatter.formatCliError(error))} (see ${command} --help)`)
              .pipe(
                Effect.provideService(Stdio, stdio)
              )
          }
        }
      }
    })
  }))
)
