import * as Effect from "effect/Effect"
import { type Operation, OperationRefused } from "../model/DomainControl.ts"
import { type IllegalTransition, Trigger } from "../model/DomainStatus.ts"
import { entering, settle } from "./Activation.ts"
import { takeDown, traced } from "./Cascade.ts"
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
  budget.reset()
  const opening = DomainGate.look(state, domain, "now")
  const trigger = Trigger.Restart({ gate: opening })
  if (phase._tag === "active") {
    return yield* takeDown(state, domain, [{
      domain,
      phase: () => ({ _tag: "deactivating" }),
      trigger,
      reason: "operator",
      ...traced(phase.generation)
    }], "operator")
  }
  if (phase._tag === "restarting") phase.backoff.cancel()
  yield* state.commit([{ domain, trigger, reason: "operator", ...(yield* entering(state, domain, opening)) }])
  yield* settle(state, domain, "operator")
})

const activate: Execute = Effect.fnUntraced(function*(state, domain) {
  if (domain.phase._tag !== "inactive") return yield* refuse(domain, "activate")
  domain.budget.reset()
  const waiting = yield* entering(state, domain, undefined)
  yield* state.commit([{ domain, trigger: Trigger.Activate(), reason: "operator", ...waiting }])
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
