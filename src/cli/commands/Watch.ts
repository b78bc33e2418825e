import * as Command from "effect/cli/Command"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as ExitCode from "../ExitCode.ts"
import * as RunningProgram from "../RunningProgram.ts"
import * as Style from "../text/Style.ts"

/** `watch` needs a terminal, and there is none. */
export class NotATerminal extends Schema.TaggedError<NotATerminal>()("NotATerminal", {}) {
  override readonly [Runtime.errorExitCode] = ExitCode.usage
  override get message() {
    return "watch needs a terminal to draw on and to read keys from; expected without one: " +
      "thunderline status, or thunderline events --follow"
  }
}

/** Loaded when it is used: other commands do without it. */
const view = Effect.promise(() => import("../watch/WatchRun.ts"))

/** `thunderline watch`: the running program on the whole terminal, until `q`. */
export const command = Command.make(
  "watch",
  RunningProgram.flags,
  Effect.fnUntraced(function*(where) {
    const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
    if (!canPrompt) return yield* new NotATerminal()
    const { run } = yield* view
    yield* run(where, yield* Style.current).pipe(
      Effect.provideService(References.MinimumLogLevel, "None"),
      Effect.onInterrupt(() => Effect.sync(() => void (process.exitCode = ExitCode.ok)))
    )
  })
).pipe(
  Command.withDescription(
    "Watch the running program live on the whole terminal: heartbeat, domains, activations, last transitions; q quits"
  ),
  Command.withShortDescription("Watch the running program live")
)
