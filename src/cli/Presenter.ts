import * as CliOutput from "effect/cli/CliOutput"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"

const sentences = (text: string): string => text.trim().replaceAll(/([.?!])?\s*\n\s*/g, (_, end = ".") => `${end} `)

/**
 * Help and version go to standard output, a subcommand's help without the flags that all have; a wrong command line gives
 * one line for each fault on standard error, and no help.
 */
export const layer: Layer.Layer<never> = CliOutput.layerPresenter({
  present: Effect.fnUntraced(function*(event) {
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const formatter = CliOutput.defaultFormatter({ colors: canColor, globalFlags: "summary" })
    switch (event._tag) {
      case "Help":
        return yield* Console.log(formatter.formatHelpDoc(event.helpDoc))
      case "Version":
        return yield* Console.log(formatter.formatVersion(event.name, event.version))
      case "InvalidInvocation": {
        const command = event.commandPath.join(" ")
        for (const error of event.errors) {
          yield* Console.error(`${command}: ${sentences(formatter.formatCliError(error))} (see ${command} --help)`)
        }
      }
    }
  })
})
