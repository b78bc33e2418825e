import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"

/** Why the program shall end: a domain with `escalate` has spent its restart budget. */
export interface Escalated {
  readonly domain: string
  /** The last failure, pretty-printed. */
  readonly cause: string
}

/** Tells the program when it shall end. */
export class Escalation extends Context.Service<Escalation, {
  /** Completes with the first escalation. */
  readonly await: Effect.Effect<Escalated>
  /** The first escalation, if there was one. */
  readonly raised: Effect.Effect<Option.Option<Escalated>>
  readonly raise: (escalated: Escalated) => void
}>()("thunderline/Escalation") {}

export const layer: Layer.Layer<Escalation> = Layer.sync(Escalation, () => {
  const raised = Deferred.makeUnsafe<Escalated>()
  return {
    await: Deferred.await(raised),
    raised: Effect.suspend(() =>
      Deferred.isDoneUnsafe(raised) ? Effect.asSome(Deferred.await(raised)) : Effect.succeedNone
    ),
    raise: (escalated) => {
      Deferred.doneUnsafe(raised, Effect.succeed(escalated))
    }
  }
})
