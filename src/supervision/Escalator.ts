import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Escalated, Escalation } from "../model/Escalation.ts"

/** The writing side of {@link Escalation}, for the supervisor alone. */
export class Escalator extends Context.Service<Escalator, {
  /** Raises an escalation; only the first one counts. */
  readonly raise: (domain: string, cause: string) => void
}>()("thunderline/Escalator") {}

const make = Effect.sync(() => {
  const raised = Deferred.makeUnsafe<Escalated>()
  return Context.make(Escalation, {
    await: Deferred.await(raised),
    raised: Effect.suspend(() =>
      Deferred.isDoneUnsafe(raised) ? Effect.asSome(Deferred.await(raised)) : Effect.succeedNone
    )
  }).pipe(Context.add(Escalator, {
    raise: (domain, cause) => {
      Deferred.doneUnsafe(raised, Effect.succeed(new Escalated({ domain, cause })))
    }
  }))
})

/** Both sides of one escalation. */
export const layer: Layer.Layer<Escalation | Escalator> = Layer.effectContext(make)
