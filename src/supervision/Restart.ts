import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type IllegalTransition, Trigger } from "../model/DomainStatus.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { Command, type CommandOf } from "./Command.ts"
import * as DomainLog from "./DomainLog.ts"
import { Decision, type Verdict } from "./RestartBudget.ts"
import type { SupervisedDomain } from "./SupervisedDomain.ts"
import type { Step, SupervisorState } from "./SupervisorState.ts"
import * as Timer from "./Timer.ts"

/** Where in the traces the generation that crashed is found. */
export type Trace = Pick<Step, "traceId" | "spanId">

/** What follows a crash: transitions to commit, then what to do, then what to log. */
interface Aftermath {
  readonly steps: ReadonlyArray<Step>
  readonly act: () => void
  readonly log: Effect.Effect<void>
}

/** What follows from the verdict of a crashed domain's policy: a restart after its delay, or nothing but an escalation. */
export const aftermath = (
  state: SupervisorState,
  domain: SupervisedDomain,
  trace: Trace,
  { complaints, decision }: Verdict
): Aftermath => {
  const { node } = domain
  const tick = state.tickNow().count
  const complain = Effect.forEach(complaints, ({ cause, text }) => DomainLog.error(node, text, tick, cause), {
    discard: true
  })
  return Decision.$match(decision, {
    GiveUp: ({ why }): Aftermath => ({
      steps: [],
      act: () => {
        const { status } = domain
        if (node.domain.escalate && status._tag === "crashed") {
          state.escalator.raise(node.domain.name, status.cause)
        }
      },
      log: Effect.andThen(complain, DomainLog.givenUp(node, tick, why))
    }),
    Restart: ({ attempt, delay }): Aftermath => {
      const delayMs = Duration.toMillis(delay)
      const backoff: Timer.Timer = Timer.make(
        state.fork,
        delay,
        () => state.tell(Command.BackoffElapsed({ domain, backoff }))
      )
      const text = `Restart ${attempt} in ${Duration.format(delay)}`
      return {
        steps: [{
          domain,
          phase: () => ({ _tag: "restarting", backoff }),
          trigger: Trigger.RestartScheduled({ attempt, delay, at: state.clock.currentTimeMillisUnsafe() + delayMs }),
          reason: "backoff",
          metadata: { attempt, delayMs },
          ...trace
        }],
        act: () => {
          Telemetry.update(domain.metrics.restarts, 1, state.services)
          backoff.start()
        },
        log: Effect.andThen(complain, DomainLog.info(node, text, tick, "thunderline.domain.restarting"))
      }
    }
  })
}

/** A policy that had to wait for its schedule has answered. */
export const decided = Effect.fnUntraced(function*(
  state: SupervisorState,
  { domain, phase, trace, verdict }: CommandOf<"Decided">
): Effect.fn.Return<void, IllegalTransition> {
  if (domain.phase !== phase || state.stopping) return
  const { act, log, steps } = aftermath(state, domain, trace, verdict)
  if (steps.length > 0) yield* state.commit(steps)
  act()
  yield* log
})
