/**
 * The states of a domain and the table of its transitions, as one pure function. Use it to match on a state, or to test a
 * view of states. Only the supervisor makes transitions.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { DomainRegistry, DomainStatus } from "thunderline"
 *
 * const program = Effect.gen(function*() {
 *   const registry = yield* DomainRegistry.DomainRegistry
 *   const status = yield* registry.domainStatus("payments")
 *   if (DomainStatus.isOut(status)) yield* Effect.log("payments does not come back by itself")
 * })
 * ```
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Tick } from "./Tick.ts"

/** The names of the seven states, in the order of a domain's life. */
export const StatusName = Schema.Literals([
  "waiting",
  "activating",
  "active",
  "deactivating",
  "inactive",
  "crashed",
  "restarting"
])
export type StatusName = typeof StatusName.Type

/**
 * Why a gate opened: the tick that caused it and the wave within that tick. Wave 0 was opened by the tick itself, wave
 * n + 1 by a dependency that became active in wave n.
 */
export interface Opening {
  readonly tick: Tick
  readonly wave: number
}

/** Why a domain moved, as it is kept in the trail. */
export const Reason = Schema.Literals([
  "tick",
  "dependency",
  "activated",
  "failure",
  "timeout",
  "silent",
  "backoff",
  "operator",
  "shutdown"
])
export type Reason = typeof Reason.Type

/**
 * The state of a domain.
 *
 * A domain that rests in `crashed` does not restart by itself; one that does is `restarting` until `at` (milliseconds
 * since the epoch). `deactivating` knows where it will end, and why.
 */
export type DomainStatus = Data.TaggedEnum<{
  waiting: {}
  activating: { readonly opening: Opening }
  active: { readonly opening: Opening }
  deactivating: { readonly target: "waiting" | "inactive" | "activating"; readonly reason: Reason }
  inactive: {}
  crashed: { readonly cause: string }
  restarting: {
    readonly attempt: number
    readonly delay: Duration.Duration
    readonly at: number
    readonly cause: string
  }
}>
export const DomainStatus = Data.taggedEnum<DomainStatus>()

/** A domain that does not become active by itself any more: crashed for good, or inactive. */
export const isOut = (status: DomainStatus): boolean => status._tag === "crashed" || status._tag === "inactive"

/**
 * What can happen to a domain. `gate` is where the domain's gate stands at that moment: open (and why) or `undefined`.
 */
export type Trigger = Data.TaggedEnum<{
  GateOpened: { readonly opening: Opening }
  Activated: {}
  Failed: { readonly cause: string }
  RestartScheduled: { readonly attempt: number; readonly delay: Duration.Duration; readonly at: number }
  BackoffElapsed: { readonly gate: Opening | undefined }
  DependencyLost: {}
  Activate: {}
  Deactivate: {}
  Restart: { readonly gate: Opening | undefined }
  Shutdown: {}
  Closed: { readonly gate: Opening | undefined }
}>
export const Trigger = Data.taggedEnum<Trigger>()

/** A transition that the table of states does not have. */
export class IllegalTransition extends Schema.TaggedError<IllegalTransition>()("IllegalTransition", {
  from: StatusName,
  trigger: Schema.String
}) {
  override get message() {
    return `A domain that is ${this.from} does not take ${this.trigger}`
  }
}

const open = (gate: Opening | undefined): DomainStatus =>
  gate === undefined ? DomainStatus.waiting() : DomainStatus.activating({ opening: gate })

const next = (status: DomainStatus, trigger: Trigger): DomainStatus | undefined => {
  switch (status._tag) {
    case "waiting":
      switch (trigger._tag) {
        case "GateOpened":
          return DomainStatus.activating({ opening: trigger.opening })
        case "Deactivate":
        case "Shutdown":
          return DomainStatus.inactive()
      }
      return undefined
    case "activating":
      if (trigger._tag === "Activated") return DomainStatus.active({ opening: status.opening })
      return leave(trigger)
    case "active":
      if (trigger._tag === "Restart") return DomainStatus.deactivating({ target: "activating", reason: "operator" })
      return leave(trigger)
    case "deactivating":
      switch (trigger._tag) {
        case "Closed":
          return status.target === "inactive"
            ? DomainStatus.inactive()
            : status.target === "activating"
            ? open(trigger.gate)
            : DomainStatus.waiting()
        case "Deactivate":
        case "Shutdown":
          return status.target === "inactive" ? undefined : goOut(trigger)
      }
      return undefined
    case "inactive":
      return trigger._tag === "Activate" ? DomainStatus.waiting() : undefined
    case "crashed":
      switch (trigger._tag) {
        case "RestartScheduled":
          return DomainStatus.restarting({
            attempt: trigger.attempt,
            delay: trigger.delay,
            at: trigger.at,
            cause: status.cause
          })
        case "Restart":
          return open(trigger.gate)
        case "Deactivate":
          return DomainStatus.inactive()
      }
      return undefined
    case "restarting":
      switch (trigger._tag) {
        case "BackoffElapsed":
        case "Restart":
          return open(trigger.gate)
        case "Deactivate":
        case "Shutdown":
          return DomainStatus.inactive()
      }
      return undefined
  }
}

const goOut = (trigger: Trigger): DomainStatus =>
  DomainStatus.deactivating({ target: "inactive", reason: trigger._tag === "Shutdown" ? "shutdown" : "operator" })

/** How a domain that has a generation (being built or running) leaves it. */
const leave = (trigger: Trigger): DomainStatus | undefined => {
  switch (trigger._tag) {
    case "Failed":
      return DomainStatus.crashed({ cause: trigger.cause })
    case "DependencyLost":
      return DomainStatus.deactivating({ target: "waiting", reason: "dependency" })
    case "Deactivate":
    case "Shutdown":
      return goOut(trigger)
  }
  return undefined
}

/**
 * The whole table of a domain's states as one pure function: the state that follows, or `IllegalTransition` for every
 * transition that the table does not have.
 */
export const transition = (status: DomainStatus, trigger: Trigger): Result.Result<DomainStatus, IllegalTransition> => {
  const to = next(status, trigger)
  return to === undefined
    ? Result.fail(new IllegalTransition({ from: status._tag, trigger: trigger._tag }))
    : Result.succeed(to)
}
