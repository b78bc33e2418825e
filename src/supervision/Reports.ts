import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as CauseText from "../model/CauseText.ts"
import { type IllegalTransition, Trigger } from "../model/DomainStatus.ts"
import { isA } from "../model/ForeignValue.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { ActivationTimeout, entering, openGates, settle } from "./Activation.ts"
import { crash, traced } from "./Cascade.ts"
import type { CommandOf } from "./Command.ts"
import * as DomainGate from "./DomainGate.ts"
import * as DomainLog from "./DomainLog.ts"
import { generationOf } from "./SupervisedDomain.ts"
import { monotonicMs, type SupervisorState } from "./SupervisorState.ts"
import { DomainSilent } from "./TickReceiver.ts"

type Step = Effect.Effect<void, IllegalTransition>

const failedWith = (cause: Cause.Cause<unknown>, error: abstract new(...args: any) => unknown): boolean =>
  cause.reasons.some((reason) => Cause.isFailReason(reason) && isA(reason.error, error))

/** A generation is ready, or its build has failed or timed out. */
export const built = Effect.fnUntraced(
  function*(state: SupervisorState, { domain, durationMs, exit, generation }: CommandOf<"Built">) {
    const { metrics, node, phase } = domain
    if (phase._tag !== "activating" || phase.generation !== generation) return
    phase.deadline.cancel()
    if (Exit.isFailure(exit)) {
      const reason = failedWith(exit.cause, ActivationTimeout) ? "timeout" : "failure"
      Telemetry.update(metrics.failed(CauseText.errorType(exit.cause)), durationMs / 1_000, state.services)
      return yield* crash(state, domain, reason, exit.cause, { durationMs })
    }
    yield* state.commit([{
      domain,
      trigger: Trigger.Activated(),
      reason: "activated",
      durationMs,
      ...traced(generation),
      phase: () => ({
        _tag: "active",
        generation,
        since: monotonicMs(state),
        receiver: node.domain.onTick === undefined ? null : state.receivers.attach(generation)
      })
    }])
    generation.start()
    Telemetry.update(metrics.activated, durationMs / 1_000, state.services)
    const { tick, wave } = generation.opening
    yield* Effect.logInfo(`[DomainRegistry] Domain activated: ${node.domain.name}`).pipe(
      Effect.annotateLogs({ domain: node.domain.name, tick: tick.count, wave }),
      Telemetry.event("thunderline.domain.activated", { active_count: state.activeCount(), status: "active" }),
      Spans.under(generation.span)
    )
    yield* openGates(state, node.followers.map(state.domainOf), "dependency", "dependency")
  }
)

/** Something of a generation has failed. One that has left cannot crash any more: its failure is logged. */
export const failed = (state: SupervisorState, { domain, failure, generation }: CommandOf<"Failed">): Step => {
  if (generationOf(domain) !== generation) {
    return DomainLog.error(domain.node, "Failed while it was shutting down", state.tickNow().count, failure.cause)
  }
  const reason = failedWith(failure.cause, DomainSilent) ? "silent" : "failure"
  return crash(state, domain, reason, failure.cause, { metadata: failure.metadata })
}

/** Says of a generation that is closed what went wrong with it. */
const tellClosing = Effect.fnUntraced(
  function*(state: SupervisorState, { closing, domain: { node }, span }: CommandOf<"Closed">) {
    const tick = state.tickNow().count
    if (closing.abandoned) {
      const isOverdue = Deferred.isDoneUnsafe(state.overdue)
      const limit = isOverdue ? state.shutdownTimeout : node.domain.shutdownTimeout
      const whose = isOverdue ? "the application's shutdownTimeout" : "shutdownTimeout"
      yield* Effect.logWithLevel(isOverdue ? "Error" : "Warn")(
        `${DomainLog.label(node)} Shutdown exceeded ${whose} (${Duration.format(limit)}); abandoned`
      ).pipe(
        DomainLog.annotate(node, tick),
        Telemetry.event("thunderline.domain.abandoned"),
        Spans.under(span)
      )
    }
    if (closing.cause !== undefined) {
      yield* Effect.logWarning(`${DomainLog.label(node)} Shutdown failed`, closing.cause).pipe(
        DomainLog.annotate(node, tick),
        Telemetry.event("thunderline.domain.end_failed"),
        Spans.under(span)
      )
    }
  }
)

/** A generation is closed, or its end has exceeded its time. */
export const closed = Effect.fnUntraced(
  function*(state: SupervisorState, report: CommandOf<"Closed">): Effect.fn.Return<void, IllegalTransition> {
    const { closing, domain, durationMs, ended, span } = report
    const { node, status } = domain
    if (status._tag === "deactivating") {
      const opening = status.target === "activating" ? DomainGate.look(state, domain, "now") : undefined
      const next = status.target === "inactive"
        ? { phase: () => ({ _tag: "inactive" as const }) }
        : yield* entering(state, domain, opening)
      yield* state.commit([{
        domain,
        trigger: Trigger.Closed({ gate: opening }),
        reason: status.reason,
        durationMs,
        cause: closing.cause === undefined ? undefined : CauseText.render(closing.cause),
        metadata: closing.abandoned ? { abandoned: true } : {},
        traceId: span.traceId,
        spanId: span.spanId,
        ...next
      }])
    }
    yield* tellClosing(state, report)
    if (status._tag === "deactivating") {
      yield* Effect.logInfo(`[DomainRegistry] Domain deactivated: ${node.domain.name}`).pipe(
        DomainLog.annotate(node, state.tickNow().count),
        Telemetry.event("thunderline.domain.deactivated"),
        Spans.under(span)
      )
      yield* settle(state, domain, status.reason)
    }
    Deferred.doneUnsafe(ended, Effect.void)
  }
)

/** The delay before a restart is over. */
export const backoffElapsed = Effect.fnUntraced(
  function*(state: SupervisorState, { backoff, domain }: CommandOf<"BackoffElapsed">) {
    if (domain.phase._tag !== "restarting" || domain.phase.backoff !== backoff) return
    const opening = DomainGate.look(state, domain, "now")
    const trigger = Trigger.BackoffElapsed({ gate: opening })
    yield* state.commit([{ domain, trigger, reason: "backoff", ...(yield* entering(state, domain, opening)) }])
    yield* settle(state, domain, "backoff")
  }
)
