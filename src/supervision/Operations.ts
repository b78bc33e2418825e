import * as Effect from "effect/Effect"
import type { Transition, Transitions } from "../heartbeat/DomainRegistry.ts"
import * as Control from "../model/DomainControl.ts"
import { type IllegalTransition, Trigger } from "../model/DomainStatus.ts"
import type { Cascade } from "./Cascade.ts"
import { type Lifecycle, type Slot, traced } from "./Lifecycle.ts"

/** What an operator can ask of a domain, as the supervisor makes it: refused at once where its state does not allow it. */
export const make = ({ cascade, lifecycle, transitions }: {
  readonly lifecycle: Lifecycle
  readonly transitions: Transitions["Service"]
  readonly cascade: Cascade
}): {
  readonly [M in Control.Operation]: (slot: Slot) => Effect.Effect<void, Control.OperationRefused | IllegalTransition>
} => {
  const { begin, cancelBackOff, status } = lifecycle
  const { gate, settle, takeDown } = cascade

  const refuse = (slot: Slot, operation: Control.Operation) =>
    Effect.fail(new Control.OperationRefused({ domain: slot.node.domain.name, operation, status: status(slot) }))

  return {
    restart: Effect.fnUntraced(function*(slot) {
      const now = status(slot)
      if (now !== "active" && now !== "crashed" && now !== "restarting") return yield* refuse(slot, "restart")
      slot.budget.reset()
      cancelBackOff(slot)
      const opening = gate(slot, "now")
      const asked: Transition = { node: slot.node, trigger: Trigger.Restart({ gate: opening }), reason: "operator" }
      if (now === "active") return yield* takeDown(slot, [{ ...asked, ...traced(slot) }], "operator")
      yield* transitions.commit([{ ...asked, ...(opening === undefined ? {} : yield* begin(slot, opening)) }])
      yield* settle(slot, opening, "operator")
    }),
    activate: Effect.fnUntraced(function*(slot) {
      if (status(slot) !== "inactive") return yield* refuse(slot, "activate")
      slot.budget.reset()
      yield* transitions.commit([{ node: slot.node, trigger: Trigger.Activate(), reason: "operator" }])
      yield* settle(slot, undefined, "operator")
    }),
    deactivate: Effect.fnUntraced(function*(slot) {
      const before = transitions.status(slot.node)
      if (before._tag === "inactive" || (before._tag === "deactivating" && before.target === "inactive")) {
        return yield* refuse(slot, "deactivate")
      }
      const asked: Transition = { node: slot.node, trigger: Trigger.Deactivate(), reason: "operator" }
      if (slot.generation !== undefined) return yield* takeDown(slot, [{ ...asked, ...traced(slot) }], "operator")
      yield* transitions.commit([asked])
      cancelBackOff(slot)
      lifecycle.disarm(slot)
    })
  }
}
