import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import { attempt } from "../model/ForeignValue.ts"

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
/** A domain has escalated: it is crashed for good, and the program ends because of it. */
export const escalated = 70
/** A signal ended it before it was done. */
export const interrupted = 130

/** The exit code that an error carries: its `Runtime.errorExitCode`, else 1. */
export const ofError = (error: unknown): number =>
  attempt(() => {
    const code = Runtime.getErrorExitCode(error)
    return Predicate.isTagged(error, "ShowHelp") && code !== ok ? usage : code
  }, failed)

/** The exit code of an end of the program. */
export const ofExit = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return ok
  return Cause.hasInterruptsOnly(exit.cause) ? interrupted : ofError(Cause.squash(exit.cause))
}
