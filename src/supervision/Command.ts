import * as Data from "effect/Data"
import type * as Deferred from "effect/Deferred"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import type { Operation, OperationRefused, ShuttingDown } from "../model/DomainControl.ts"
import type { Tick } from "../model/Tick.ts"
import type { NotCommitted } from "../trail/Receipt.ts"
import type { Closing, Failure, Generation } from "./Generation.ts"
import type { Trace } from "./Restart.ts"
import type { Verdict } from "./RestartBudget.ts"
import type { Crashed, SupervisedDomain } from "./SupervisedDomain.ts"
import type { Timer } from "./Timer.ts"

/** The answer to an operation: how to wait until the trail has it, or why it was refused. */
export type Reply = Deferred.Deferred<Effect.Effect<void, NotCommitted>, OperationRefused | ShuttingDown>

/** All that the supervisor is asked and told. It executes one command after the other. */
export type Command = Data.TaggedEnum<{
  Ticked: { readonly tick: Tick }
  /** The domains activate at once, whatever their activation tick. */
  Start: {}
  /** A condition on the domain's gate may hold now. */
  ConditionChanged: { readonly domain: SupervisedDomain }
  Operate: { readonly domain: SupervisedDomain; readonly operation: Operation; readonly reply: Reply }
  /** The build of a generation has ended, or was not done in time. */
  Built: {
    readonly domain: SupervisedDomain
    readonly generation: Generation
    readonly exit: Exit.Exit<void, unknown>
    readonly durationMs: number
  }
  /** Something of an active generation has failed. */
  Failed: { readonly domain: SupervisedDomain; readonly generation: Generation; readonly failure: Failure }
  /** A generation is closed, or abandoned. */
  Closed: {
    readonly domain: SupervisedDomain
    readonly closing: Closing
    readonly span: Tracer.Span
    readonly ended: Deferred.Deferred<void>
    readonly durationMs: number
  }
  /** The restart policy of a crashed domain, which did not answer at once, has answered. */
  Decided: {
    readonly domain: SupervisedDomain
    readonly phase: Crashed
    readonly trace: Trace
    readonly verdict: Verdict
  }
  BackoffElapsed: { readonly domain: SupervisedDomain; readonly backoff: Timer }
  Shutdown: { readonly done: Deferred.Deferred<void> }
}>
export const Command = Data.taggedEnum<Command>()

/** One kind of command. */
export type CommandOf<Tag extends Command["_tag"]> = Extract<Command, { readonly _tag: Tag }>
