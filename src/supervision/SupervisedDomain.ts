import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as DomainRecord from "../heartbeat/DomainRecord.ts"
import type { DomainNode } from "../model/DomainGraph.ts"
import type { Generation } from "./Generation.ts"
import * as RestartBudget from "./RestartBudget.ts"
import type { TickReceiver } from "./TickReceiver.ts"
import type { Timer } from "./Timer.ts"

/** A waiting domain: its fiber waits on its own gate, which is completed with the build that the fiber then runs. */
export interface Waiting {
  readonly _tag: "waiting"
  readonly gate: Deferred.Deferred<void, unknown>
  readonly fiber: Fiber.Fiber<void, unknown>
}

/** A generation is being built, in the fiber that waited. */
export interface Activating {
  readonly _tag: "activating"
  readonly generation: Generation
  readonly gate: Deferred.Deferred<void, unknown>
  readonly fiber: Fiber.Fiber<void, unknown>
  /** Ends the wait for the build. */
  readonly deadline: Timer
}

/** A generation runs. */
export interface Active {
  readonly _tag: "active"
  readonly generation: Generation
  /** On the monotonic clock, in milliseconds. */
  readonly since: number
  /** Takes the ticks; `null` without an `onTick`. */
  readonly receiver: TickReceiver | null
}

/** The last generation has failed. Its restart policy is still being asked, or the domain does not restart by itself. */
export interface Crashed {
  readonly _tag: "crashed"
}

/** What the supervisor holds for a domain, by the state that the domain is in. */
export type Phase =
  | Waiting
  | Activating
  | Active
  | { readonly _tag: "deactivating" }
  | { readonly _tag: "inactive" }
  | Crashed
  | { readonly _tag: "restarting"; readonly backoff: Timer }

/** A domain with everything that is there of it at run time. */
export interface SupervisedDomain extends DomainRecord.DomainRecord {
  readonly budget: RestartBudget.RestartBudget
  /** Changes with `status`, in the same synchronous step. */
  phase: Phase
  /** Completes when the newest generation that has left is closed or abandoned. */
  ended: Deferred.Deferred<void>
}

/** The generation of a domain, being built or running. */
export const generationOf = ({ phase }: SupervisedDomain): Generation | undefined =>
  phase._tag === "activating" || phase._tag === "active" ? phase.generation : undefined

/** Nothing has left yet. */
const nothingEnds = Deferred.makeUnsafe<void>()
Deferred.doneUnsafe(nothingEnds, Effect.void)

/** A domain that waits. */
export const make = (node: DomainNode, phase: Waiting, now: number): SupervisedDomain => ({
  ...DomainRecord.make(node, now),
  budget: RestartBudget.make(node.domain.restart),
  phase,
  ended: nothingEnds
})
