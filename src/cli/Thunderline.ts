import * as Command from "effect/cli/Command"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Analyze from "./Analyze.ts"
import * as Doctor from "./Doctor.ts"
import * as Domain from "./Domain.ts"
import * as Domains from "./Domains.ts"
import * as Events from "./Events.ts"
import * as History from "./History.ts"
import * as LogFormat from "./LogFormat.ts"
import * as Migrate from "./Migrate.ts"
import * as Moves from "./Moves.ts"
import * as Presenter from "./Presenter.ts"
import * as Report from "./Report.ts"
import * as Simulate from "./Simulate.ts"
import * as Start from "./Start.ts"
import * as Status from "./Status.ts"

/** `thunderline`: the command line. A new command is a file of its own and one name in this list. */
export const command = Command.make("thunderline").pipe(
  Command.withDescription("Start-up, supervision and health for Effect applications, driven by a heartbeat"),
  Command.withSubcommands([
    Start.command,
    Status.command,
    Doctor.command,
    Domains.command,
    Domain.command,
    Events.command,
    History.command,
    Analyze.command,
    ...Moves.commands,
    Simulate.command,
    Migrate.command
  ])
)

/**
 * What all commands share: only `start` logs to standard output; the others keep it for what was asked, and log
 * errors to standard error.
 */
const environment = Layer.mergeAll(
  Presenter.layer,
  TerminalCapabilities.layer,
  Logger.layer([Logger.withConsoleError(LogFormat.pretty())]),
  Layer.succeed(References.MinimumLogLevel, "Error")
)

/** Runs the command line on the process's arguments; failures have been told on standard error when it returns. */
export const run = (version: string) =>
  Command.run(command, { version }).pipe(Report.failures, Effect.provide(environment))
