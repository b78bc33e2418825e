import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import {
  type DomainControl,
  type DomainControlError,
  type Operation,
  OperationRefused,
  TrailUnavailable,
  UnknownDomain
} from "../model/DomainControl.ts"
import { type IllegalTransition, Trigger } from "../model/DomainStatus.ts"
import * as SafeTelemetry from "../telemetry/SafeTelemetry.ts"
import { entering, settle } from "./Activation.ts"
import { takeDown, traced } from "./Cascade.ts"
import { Command, type Reply } from "./Command.ts"
import * as DomainGate from "./DomainGate.ts"
import { generationOf, type SupervisedDomain } from "./SupervisedDomain.ts"
import type { SupervisorState } from "./SupervisorState.ts"

type Execute = (
  state: SupervisorState,
  domain: SupervisedDomain
) => Effect.Effect<void, OperationRefused | IllegalTransition>

const refuse = ({ node, status }: SupervisedDomain, operation: Operation) =>
  Effect.fail(new OperationRefused({ domain: node.domain.name, operation, status: status._tag }))

const restart: Execute = Effect.fnUntraced(function*(state, domain) {
  const { budget, phase } = domain
  if (phase._tag !== "active" && phase._tag !== "crashed" && phase._tag !== "restarting") {
    return yield* refuse(domain, "restart")
  }
  const opening = DomainGate.look(state, domain, "now")
  const trigger = Trigger.Restart({ gate: opening })
  if (phase._tag === "active") {
    yield* takeDown(state, domain, [{
      domain,
      phase: () => ({ _tag: "deactivating" }),
      trigger,
      reason: "operator",
      ...traced(phase.generation)
    }], "operator")
    return budget.reset()
  }
  yield* state.commit([{ domain, trigger, reason: "operator", ...(yield* entering(state, domain, opening)) }])
  budget.reset()
  if (phase._tag === "restarting") phase.backoff.cancel()
  yield* settle(state, domain, "operator")
})

const activate: Execute = Effect.fnUntraced(function*(state, domain) {
  if (domain.phase._tag !== "inactive") return yield* refuse(domain, "activate")
  const waiting = yield* entering(state, domain, undefined)
  yield* state.commit([{ domain, trigger: Trigger.Activate(), reason: "operator", ...waiting }])
  domain.budget.reset()
  yield* settle(state, domain, "operator")
})

const deactivate: Execute = Effect.fnUntraced(function*(state, domain) {
  const { phase, status } = domain
  if (status._tag === "inactive" || (status._tag === "deactivating" && status.target === "inactive")) {
    return yield* refuse(domain, "deactivate")
  }
  const generation = generationOf(domain)
  const step = { domain, trigger: Trigger.Deactivate(), reason: "operator" as const }
  if (generation !== undefined) {
    const leaving = { ...step, phase: () => ({ _tag: "deactivating" as const }), ...traced(generation) }
    return yield* takeDown(state, domain, [leaving], "operator")
  }
  const _tag = status._tag === "deactivating" ? "deactivating" as const : "inactive" as const
  yield* state.commit([{ ...step, phase: () => ({ _tag }) }])
  if (phase._tag === "restarting") phase.backoff.cancel()
  if (phase._tag === "waiting") phase.fiber.interruptUnsafe()
})

/** What an operation does to a domain; refused at once where the domain's state does not allow it. */
export const execute: { readonly [O in Operation]: Execute } = { restart, activate, deactivate }

/** What an operation waits for; everything has a default. */
export interface ControlOptions {
  /**
   * `required`: an operation returns only when it is in the trail, else fails with `TrailUnavailable`.
   * `best-effort` (the default): it returns when it is accepted.
   */
  readonly trail?: "best-effort" | "required" | undefined
  /** How long an operation waits for the trail (default 5 seconds). */
  readonly trailTimeout?: Duration.Input | undefined
}

/** The operations, each put into the mailbox and awaited. */
export const makeControl = (
  { trail, trailTimeout }: ControlOptions,
  state: () => Pick<SupervisorState, "domains" | "find" | "tell">
): DomainControl["Service"] => {
  const timeout = Duration.fromInputUnsafe(trailTimeout ?? "5 seconds")
  const operate = (operation: Operation) => {
    const run = Effect.fn(`DomainControl.${operation}`)(
      function*(name: string): Effect.fn.Return<void, DomainControlError> {
        const { domains, find, tell } = state()
        const domain = find(name)
        if (domain === undefined) {
          return yield* new UnknownDomain({ domain: name, known: domains.map(({ node }) => node.domain.name) })
        }
        const reply: Reply = Deferred.makeUnsafe()
        tell(Command.Operate({ domain, operation, reply }))
        const committed = yield* Deferred.await(reply)
        if (trail !== "required") return
        const unavailable = (detail: string) => Effect.fail(new TrailUnavailable({ domain: name, operation, detail }))
        yield* committed.pipe(
          Effect.catchTag("NotCommitted", ({ detail }) => unavailable(detail)),
          Effect.timeoutOrElse({
            duration: timeout,
            orElse: () => unavailable(`no commit within ${Duration.format(timeout)}`)
          })
        )
      }
    )
    return (name: string) => SafeTelemetry.protect(run(name))
  }
  return { restart: operate("restart"), activate: operate("activate"), deactivate: operate("deactivate") }
}
