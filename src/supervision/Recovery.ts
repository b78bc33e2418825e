import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as CauseText from "../model/CauseText.ts"
import { ShuttingDown } from "../model/DomainControl.ts"
import { Trigger } from "../model/DomainStatus.ts"
import { crash } from "./Cascade.ts"
import { Command, type CommandOf } from "./Command.ts"
import * as DomainLog from "./DomainLog.ts"
import { generationOf, type SupervisedDomain } from "./SupervisedDomain.ts"
import { type Step, type SupervisorState, wait } from "./SupervisorState.ts"
import * as Timer from "./Timer.ts"

/** After how long a step that nothing else would bring about is tried again. */
const pause = Duration.seconds(1)

/** Tells the supervisor the same command again after a pause. */
const again = (state: SupervisorState, command: Command) =>
  Effect.sync(() => Timer.make(state.fork, pause, () => state.tell(command)).start())

/** The same state, whose commits do without the outbox: the last resort where the outbox itself fails. */
const unrecorded = (state: SupervisorState): SupervisorState => ({
  ...state,
  commit: (steps) => state.commit(steps, { recorded: false })
})

/** Runs what must come about, without the trail where it fails with it. */
const surely = <E>(
  state: SupervisorState,
  domain: SupervisedDomain,
  run: (state: SupervisorState) => Effect.Effect<void, E>
): Effect.Effect<void> => {
  const tell = (message: string) => (cause: Cause.Cause<unknown>) =>
    DomainLog.bug(domain.node, message, state.tickNow().count, cause)
  return run(state).pipe(
    Effect.catchCause((cause) =>
      Effect.andThen(tell("A transition is not in the trail")(cause), run(unrecorded(state)))
    ),
    Effect.catchCause(tell("A transition was not made"))
  )
}

/** Crashes a domain that has a generation, or whose restart was not started. */
const crashWith = (state: SupervisorState, domain: SupervisedDomain, cause: Cause.Cause<unknown>) =>
  Effect.suspend(() => {
    if (domain.phase._tag === "restarting") domain.phase.backoff.start()
    return generationOf(domain) === undefined
      ? Effect.void
      : surely(state, domain, (state) => crash(state, domain, "failure", cause, {}))
  })

/** Lets the domain of a generation that is closed go on to its target, and those that wait for its end. */
const closed = (state: SupervisorState, { domain, ended }: CommandOf<"Closed">, cause: Cause.Cause<unknown>) => {
  const { status } = domain
  const moved = status._tag !== "deactivating" ? crashWith(state, domain, cause) : surely(state, domain, (state) => {
    const step: Step = {
      domain,
      trigger: Trigger.Closed({ gate: undefined }),
      reason: status.reason,
      cause: CauseText.render(cause),
      phase: () => status.target === "inactive" ? { _tag: "inactive" } : wait(state)
    }
    return state.commit([step])
  })
  return Effect.andThen(
    moved,
    Effect.sync(() => {
      // Its gate was not looked at.
      if (domain.phase._tag === "waiting") state.unopened.add(domain)
      Deferred.doneUnsafe(ended, Effect.void)
    })
  )
}

/**
 * What is done when a command failed, which is a bug: it is answered, and its domain crashes with the cause where the
 * table of states allows it. It is not left as it was.
 */
export const recover = (state: SupervisorState, command: Command, cause: Cause.Cause<unknown>): Effect.Effect<void> => {
  const told = Effect.logFatal(`[Supervisor] ${command._tag} failed, which is a bug`, cause)
  const done = Command.$match(command, {
    Ticked: () => Effect.void,
    Start: () => Effect.void,
    ConditionChanged: () => Effect.void,
    Operate: ({ domain, reply }) => {
      Deferred.doneUnsafe(reply, Exit.failCause(Cause.die(CauseText.toError(Cause.squash(cause)))))
      return crashWith(state, domain, cause)
    },
    Built: ({ domain }) => crashWith(state, domain, cause),
    Failed: ({ domain }) => crashWith(state, domain, cause),
    Closed: (report) => closed(state, report, cause),
    Decided: (report) => again(state, Command.Decided(report)),
    BackoffElapsed: (report) => again(state, Command.BackoffElapsed(report)),
    Shutdown: ({ done }) => Effect.sync(() => void Deferred.doneUnsafe(done, Effect.void))
  })
  return Effect.andThen(done, told)
}

/** Answers a command that comes after the supervisor has ended. */
export const refuse = (command: Command): void => {
  if (command._tag === "Shutdown") Deferred.doneUnsafe(command.done, Effect.void)
  if (command._tag === "Closed") Deferred.doneUnsafe(command.ended, Effect.void)
  if (command._tag !== "Operate") return
  const { domain, operation, reply } = command
  Deferred.doneUnsafe(reply, Exit.fail(new ShuttingDown({ domain: domain.node.domain.name, operation })))
}
