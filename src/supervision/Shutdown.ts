import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { Trigger } from "../model/DomainStatus.ts"
import { attempt } from "../model/ForeignValue.ts"
import { traced } from "./Cascade.ts"
import { close } from "./Closing.ts"
import type { CommandOf } from "./Command.ts"
import * as DomainLog from "./DomainLog.ts"
import { generationOf, type SupervisedDomain } from "./SupervisedDomain.ts"
import { forEachSliced, type Step, type SupervisorState } from "./SupervisorState.ts"

const isLeaving = ({ status }: SupervisedDomain): boolean =>
  status._tag !== "crashed" && status._tag !== "inactive" &&
  !(status._tag === "deactivating" && status.target === "inactive")

const stepOf = (domain: SupervisedDomain): Step => {
  const generation = generationOf(domain)
  const closes = generation !== undefined || domain.phase._tag === "deactivating"
  return {
    domain,
    trigger: Trigger.Shutdown(),
    reason: "shutdown",
    ...(generation === undefined ? {} : traced(generation)),
    phase: () => ({ _tag: closes ? "deactivating" : "inactive" })
  }
}

/** Takes domains out in one commit; then ends what each of them has. */
const leave = Effect.fnUntraced(function*(
  state: SupervisorState,
  domains: ReadonlyArray<SupervisedDomain>,
  recorded: boolean
) {
  const leaving = domains.filter(isLeaving).map((domain) => ({ domain, phase: domain.phase }))
  yield* state.commit(leaving.map(({ domain }) => stepOf(domain)), { recorded })
  yield* forEachSliced(leaving, ({ domain, phase }) => {
    // Fibers of users end inside of this call.
    if (phase._tag === "waiting") attempt(() => phase.fiber.interruptUnsafe(), undefined)
    if (phase._tag === "restarting") phase.backoff.cancel()
    if (phase._tag === "activating" || phase._tag === "active") close(state, domain, phase, "shutdown")
  })
  const tick = state.tickNow().count
  for (const { domain, phase } of leaving) {
    if (phase._tag !== "activating" && phase._tag !== "active") continue
    yield* DomainLog.info(domain.node, "Deactivating", tick, "thunderline.domain.deactivating")
  }
})

/** Tries together, then one by one, then without the trail: what remains is a bug, which is logged. */
const leaveSurely = (state: SupervisorState, domains: ReadonlyArray<SupervisedDomain>): Effect.Effect<void> =>
  Effect.catchCause(
    leave(state, domains, true),
    (cause) =>
      Effect.forEach(domains, (domain) =>
        leave(state, [domain], true).pipe(
          Effect.catchCause((cause) =>
            Effect.andThen(
              DomainLog.bug(domain.node, "Its shutdown is not in the trail", state.tickNow().count, cause),
              leave(state, [domain], false)
            )
          ),
          Effect.catchCause((cause) => DomainLog.bug(domain.node, "It was not shut down", state.tickNow().count, cause))
        ), { discard: true }).pipe(
          Effect.andThen(Effect.logFatal("[Supervisor] The shutdown was not one commit, which is a bug", cause))
        )
  )

/**
 * Deactivates all domains: one commit, then the scopes in reverse order, independent ones in parallel. Completes `done`
 * when every generation is closed or abandoned.
 */
export const shutdown = Effect.fnUntraced(function*(state: SupervisorState, { done }: CommandOf<"Shutdown">) {
  state.stopping = true
  yield* leaveSurely(state, state.domains.toSorted((a, b) => b.node.rank - a.node.rank))
  const ends = state.domains.map(({ ended }) => Deferred.await(ended))
  state.fork(Effect.andThen(
    Effect.forEach(ends, (end) => end, { discard: true }),
    Effect.sync(() => Deferred.doneUnsafe(done, Effect.void))
  ))
})
