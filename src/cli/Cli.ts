import * as Command from "effect/cli/Command"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as SafeTelemetry from "../telemetry/SafeTelemetry.ts"
import * as Analyze from "./commands/AnalyzeBoot.ts"
import * as Doctor from "./commands/Doctor.ts"
import * as Events from "./commands/Events.ts"
import * as History from "./commands/History.ts"
import * as Domains from "./commands/ListDomains.ts"
import * as Migrate from "./commands/Migrate.ts"
import * as Operate from "./commands/Operate.ts"
import * as Domain from "./commands/ShowDomain.ts"
import * as Simulate from "./commands/Simulate.ts"
import * as Start from "./commands/Start.ts"
import * as Status from "./commands/Status.ts"
import * as Watch from "./commands/Watch.ts"
import * as LogFormat from "./text/LogFormat.ts"
import * as Presenter from "./text/Presenter.ts"
import * as Report from "./text/Report.ts"

/** `thunderline`: the command line. A new command is a file of its own and one line in this list. */
export const command = Command.make("thunderline").pipe(
  Command.withDescription("Start-up, supervision and health for Effect applications, driven by a heartbeat"),
  Command.withSubcommands([
    Start.command,
    Status.command,
    Watch.command,
    Doctor.command,
    Domains.command,
    Domain.command,
    Events.command,
    History.command,
    Analyze.command,
    ...Operate.commands,
    Simulate.command,
    Migrate.command
  ])
)

/** What all commands share. Only `start` logs to standard output; the others print there, and log errors to standard error. */
const environment = Layer.mergeAll(
  Presenter.layer,
  TerminalCapabilities.layer,
  Logger.layer([SafeTelemetry.logger(Logger.withConsoleError(LogFormat.pretty()))]),
  Layer.succeed(References.MinimumLogLevel, "Error")
)

/** Runs the command line on the process's arguments. Failures are on standard error when it returns. */
export const run = (version: string) =>
  Command.run(command, { version }).pipe(
    Report.failures,
    Effect.provideService(Doctor.Version, version),
    Effect.provide(environment)
  )
