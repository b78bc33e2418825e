import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { Stdio } from "effect/Stdio"
import * as Format from "../../control/Format.ts"
import * as CauseText from "../../model/CauseText.ts"
import { attempt, read } from "../../model/ForeignValue.ts"
import * as Output from "./Output.ts"

const textOf = (error: unknown): string => {
  const message = typeof error === "object" && error !== null ? read(error, "message") : undefined
  if (typeof message === "string" && message !== "") return CauseText.clip(message)
  const type = CauseText.errorType(Cause.fail(error))
  return type === "_OTHER" ? CauseText.toError(error).message : type
}

/** The message of an expected error, in one line. */
export const lineOf = (error: unknown): string => Format.oneLine(textOf(error))

const isShown = (error: unknown): boolean => attempt(() => Predicate.isTagged(error, "ShowHelp"), false)

/**
 * Writes to standard error why a command failed: one line for each expected error, the whole trace for a bug. It writes
 * nothing for an interruption, and nothing for a wrong command line, which the presenter has reported.
 */
export const failures = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Stdio> =>
  Effect.tapCause(self, (cause) =>
    Effect.forEach(cause.reasons, (reason) => {
      switch (reason._tag) {
        case "Fail":
          return isShown(reason.error) ? Effect.void : Output.tell(`thunderline: ${lineOf(reason.error)}`)
        case "Die":
          return Console.error(
            `thunderline: this is a bug, please report it:\n${Format.safe(CauseText.render(Cause.die(reason.defect)))}`
          )
        case "Interrupt":
          return Effect.void
      }
    }, { discard: true }))
