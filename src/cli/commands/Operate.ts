import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { Accepted } from "../../control/Accepted.ts"
import type { Operation } from "../../model/DomainControl.ts"
import * as RunningProgram from "../RunningProgram.ts"
import * as Output from "../text/Output.ts"

const name = Argument.String("name").pipe(Argument.withDescription("The domain's name"))

const descriptions: Readonly<Record<Operation, string>> = {
  restart: "End a domain's generation and build the next, with a new restart budget",
  activate: "Let an inactive domain wait for its gate again",
  deactivate: "Make a domain inactive; those that depend on it wait"
}

const make = (operation: Operation) =>
  Command.make(
    operation,
    { name, ...RunningProgram.flags, json: Output.json },
    Effect.fnUntraced(function*({ json, name, ...where }) {
      const accepted = yield* RunningProgram.ask(where, ({ domains }) => domains[operation]({ params: { name } }))
      const text = `Accepted: ${operation} ${name}; it is ${accepted.status} now.`
      yield* Output.print(json, Accepted, accepted, () => text)
    })
  ).pipe(
    Command.withDescription(
      `${descriptions[operation]}; the token is taken from $THUNDERLINE_TOKEN or the state folder`
    ),
    Command.withShortDescription(descriptions[operation])
  )

/** `thunderline restart NAME`, `activate NAME`, `deactivate NAME`: the operations on a running program. */
export const commands = [make("restart"), make("activate"), make("deactivate")] as const
