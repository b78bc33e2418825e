import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Reason } from "../model/DomainStatus.ts"
import { attempt } from "../model/ForeignValue.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { attributes } from "./Activation.ts"
import { Command } from "./Command.ts"
import type { Activating, Active, SupervisedDomain } from "./SupervisedDomain.ts"
import type { SupervisorState } from "./SupervisorState.ts"

/** Closes the generation in its turn, and tells how that went. */
const closeInTurn = Effect.fnUntraced(function*(
  state: SupervisorState,
  domain: SupervisedDomain,
  phase: Activating | Active,
  reason: Reason,
  exit: Exit.Exit<unknown, unknown>,
  before: ReadonlyArray<Deferred.Deferred<void>>
) {
  const { clock, overdue } = state
  const { generation } = phase
  yield* Effect.forEach(before, (ended) => Deferred.await(ended), { discard: true })
  const started = clock.monotonicTimeNanosUnsafe()
  const span = yield* Effect.makeSpan("Domain.deactivate", {
    root: true,
    links: Spans.linksTo(generation.span),
    attributes: {
      ...attributes(state, domain, generation.opening, generation.number),
      [Telemetry.attribute.reason]: reason
    }
  })
  const building = phase._tag === "activating" ? phase.fiber : undefined
  const abandon = Effect.as(Deferred.await(overdue), { cause: undefined, abandoned: true })
  const closing = yield* Effect.raceFirst(generation.close(building, reason, exit, span), abandon)
  Spans.end(span, clock, closing.cause === undefined ? Exit.void : Exit.failCause(closing.cause))
  return { closing, span, durationMs: Number(clock.monotonicTimeNanosUnsafe() - started) / 1e6 }
})

/**
 * Closes a generation that has just left `activating` or `active`: its uses end at once, its scope is closed after the
 * generations of this domain and of those that wait for it, within `shutdownTimeout`. The supervisor hears of it by
 * `Closed`, whatever fails.
 */
export const close = (
  state: SupervisorState,
  domain: SupervisedDomain,
  phase: Activating | Active,
  reason: Reason,
  exit: Exit.Exit<unknown, unknown> = Exit.void
): void => {
  const { generation } = phase
  const ended = Deferred.makeUnsafe<void>()
  const before = [domain, ...domain.node.followers.map(state.domainOf)].map((other) => other.ended)
  domain.ended = ended
  // Fibers of users end inside of these calls.
  attempt(() => generation.end(exit), undefined)
  attempt(() => {
    if (phase._tag === "active") phase.receiver?.stop()
    else {
      phase.deadline.cancel()
      phase.fiber.interruptUnsafe()
      // A build that cannot be interrupted goes on, but is no longer an activation.
      generation.trace.end(state.clock.currentTimeNanosUnsafe(), Exit.isSuccess(exit) ? Exit.interrupt() : exit)
    }
  }, undefined)
  const closed = closeInTurn(state, domain, phase, reason, exit, before).pipe(
    Effect.catchCause((cause) =>
      Effect.succeed({ closing: { cause, abandoned: false }, span: generation.span, durationMs: 0 })
    )
  )
  state.fork(Effect.map(closed, (end) => state.tell(Command.Closed({ domain, ended, ...end }))))
}
