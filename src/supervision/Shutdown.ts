import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { Trigger } from "../model/DomainStatus.ts"
import { traced } from "./Cascade.ts"
import { close } from "./Closing.ts"
import type { CommandOf } from "./Command.ts"
import * as DomainLog from "./DomainLog.ts"
import { generationOf, type SupervisedDomain } from "./SupervisedDomain.ts"
import { forEachSliced, type SupervisorState } from "./SupervisorState.ts"

const isLeaving = ({ status }: SupervisedDomain): boolean =>
  status._tag !== "crashed" && status._tag !== "inactive" &&
  !(status._tag === "deactivating" && status.target === "inactive")

/**
 * Deactivates all domains: one commit, then the scopes in reverse order, independent ones in parallel. Completes `done`
 * when every generation is closed or abandoned.
 */
export const shutdown = Effect.fnUntraced(function*(state: SupervisorState, { done }: CommandOf<"Shutdown">) {
  state.stopping = true
  const leaving = state.domains.filter(isLeaving).sort((a, b) => b.node.rank - a.node.rank)
    .map((domain) => ({ domain, phase: domain.phase, generation: generationOf(domain) }))
  const trigger = Trigger.Shutdown()
  yield* state.commit(leaving.map(({ domain, generation, phase }) => {
    const closes = generation !== undefined || phase._tag === "deactivating"
    return {
      domain,
      trigger,
      reason: "shutdown",
      ...(generation === undefined ? {} : traced(generation)),
      phase: () => ({ _tag: closes ? "deactivating" : "inactive" })
    }
  }))
  const tick = state.tickNow().count
  yield* forEachSliced(leaving, ({ domain, phase }) => {
    if (phase._tag === "waiting") phase.fiber.interruptUnsafe()
    if (phase._tag === "restarting") phase.backoff.cancel()
    if (phase._tag === "activating" || phase._tag === "active") close(state, domain, phase, "shutdown")
  })
  for (const { domain, generation } of leaving) {
    if (generation === undefined) continue
    yield* DomainLog.info(domain.node, "Deactivating", tick, "thunderline.domain.deactivating")
  }
  const ends = state.domains.map(({ ended }) => Deferred.await(ended))
  state.fork(Effect.andThen(
    Effect.forEach(ends, (end) => end, { discard: true }),
    Effect.sync(() => Deferred.doneUnsafe(done, Effect.void))
  ))
})
