import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"

/** Done; also after an orderly shutdown by SIGINT, SIGTERM or SIGHUP. */
export const ok = 0
/** It failed. */
export const failed = 1
/** The command line was wrong. */
export const usage = 2
/** The program runs, but is not ready. */
export const notReady = 3
/** The program or the database cannot be reached. */
export const cannotConnect = 4
/** A domain with `escalate` has spent its restarts. */
export const escalated = 70
/** Cut short by a signal before it was done. */
export const interrupted = 130

const byTag: Readonly<Record<string, number>> = {
  TrailInMemory: usage,
  TrailElsewhere: usage,
  FormatConflict: usage,
  InvalidCursor: usage,
  InvalidDatabaseUrl: usage,
  NotATerminal: usage,
  NotReady: notReady,
  NotRunning: cannotConnect,
  RepoUnavailable: cannotConnect,
  DatabaseUnreachable: cannotConnect,
  Escalated: escalated
}

/** The exit code that an error stands for. */
export const ofError = (error: unknown): number => {
  if (!Predicate.hasProperty(error, "_tag") || typeof error._tag !== "string") return failed
  if (error._tag === "ShowHelp") return Runtime.getErrorExitCode(error) === 0 ? ok : usage
  return byTag[error._tag] ?? failed
}

/** The exit code that an end of the program stands for. */
export const ofExit = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return ok
  return Cause.hasInterruptsOnly(exit.cause) ? interrupted : ofError(Cause.squash(exit.cause))
}
