import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Reason } from "../model/DomainStatus.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { attributes } from "./Activation.ts"
import { Command } from "./Command.ts"
import type { Activating, Active, SupervisedDomain } from "./SupervisedDomain.ts"
import type { SupervisorState } from "./SupervisorState.ts"

/**
 * Closes a generation that has just left `activating` or `active`: after the generations of this domain and of those that
 * wait for it, within `shutdownTimeout`. The supervisor hears of it by `Closed`.
 */
export const close = (
  state: SupervisorState,
  domain: SupervisedDomain,
  phase: Activating | Active,
  reason: Reason,
  exit: Exit.Exit<unknown, unknown> = Exit.void
): void => {
  const { clock } = state
  const { generation } = phase
  const ended = Deferred.makeUnsafe<void>()
  const before = [domain, ...domain.node.followers.map(state.domainOf)].map((other) => other.ended)
  domain.ended = ended
  if (phase._tag === "active") phase.receiver?.stop()
  else {
    phase.deadline.cancel()
    phase.fiber.interruptUnsafe()
    // A build that cannot be interrupted goes on, but is no longer an activation.
    generation.trace.end(clock.currentTimeNanosUnsafe(), Exit.isSuccess(exit) ? Exit.interrupt() : exit)
  }
  state.fork(Effect.gen(function*() {
    for (const other of before) yield* Deferred.await(other)
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
    const closing = yield* generation.close(building, reason, exit, span)
    span.end(clock.currentTimeNanosUnsafe(), closing.cause === undefined ? Exit.void : Exit.failCause(closing.cause))
    const durationMs = Number(clock.monotonicTimeNanosUnsafe() - started) / 1e6
    state.tell(Command.Closed({ domain, closing, span, ended, durationMs }))
  }))
}
