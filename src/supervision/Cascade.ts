import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as CauseText from "../model/CauseText.ts"
import { type IllegalTransition, type Reason, Trigger } from "../model/DomainStatus.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { close } from "./Closing.ts"
import { Command } from "./Command.ts"
import * as DomainLog from "./DomainLog.ts"
import type { Generation } from "./Generation.ts"
import { type Activating, type Active, generationOf, type SupervisedDomain } from "./SupervisedDomain.ts"
import { forEachSliced, monotonicMs, type Step, type SupervisorState } from "./SupervisorState.ts"
import * as Timer from "./Timer.ts"

/** Where in the traces the transitions of a generation are found. */
export const traced = ({ span }: Generation): Pick<Step, "traceId" | "spanId"> => ({
  traceId: span.traceId,
  spanId: span.spanId
})

/** A domain that has a generation. */
interface Live {
  readonly domain: SupervisedDomain
  readonly phase: Activating | Active
}

const live = (domain: SupervisedDomain): Live | undefined =>
  domain.phase._tag === "activating" || domain.phase._tag === "active" ? { domain, phase: domain.phase } : undefined

/** Those that share the fate of a domain and have a generation, the outermost first. */
const sharers = (state: SupervisorState, domain: SupervisedDomain): ReadonlyArray<Live> => {
  const found = new Map<SupervisedDomain, Live>()
  const collect = (one: SupervisedDomain) => {
    for (const node of one.node.dependants) {
      const dependant = live(state.domainOf(node))
      if (dependant === undefined || found.has(dependant.domain)) continue
      found.set(dependant.domain, dependant)
      collect(dependant.domain)
    }
  }
  collect(domain)
  return Array.from(found.values()).sort((a, b) => b.domain.node.rank - a.domain.node.rank)
}

/** Lets the budget know how long a domain has been active. */
const rest = (state: SupervisorState, { budget, phase }: SupervisedDomain): void => {
  if (phase._tag === "active") budget.wasActive(monotonicMs(state) - phase.since)
}

/**
 * Takes a domain out of `activating` or `active`: in one commit its dependants leave first, in reverse order, then the
 * domain itself by `own`; only then are the scopes closed, in that order, and `said` is logged.
 */
export const takeDown = Effect.fnUntraced(function*(
  state: SupervisorState,
  domain: SupervisedDomain,
  own: ReadonlyArray<Step>,
  reason: Reason,
  exit: Exit.Exit<unknown, unknown> = Exit.void,
  said: Effect.Effect<void> = Effect.void
): Effect.fn.Return<void, IllegalTransition> {
  const down = sharers(state, domain)
  const leaving = live(domain)
  const { name } = domain.node.domain
  for (const dependant of down) rest(state, dependant.domain)
  yield* state.commit([
    ...down.map((dependant): Step => ({
      domain: dependant.domain,
      phase: () => ({ _tag: "deactivating" }),
      trigger: Trigger.DependencyLost(),
      reason: "dependency",
      metadata: { dependency: name },
      ...traced(dependant.phase.generation)
    })),
    ...own
  ])
  yield* forEachSliced(down, (dependant) => close(state, dependant.domain, dependant.phase, "dependency"))
  if (leaving !== undefined) close(state, domain, leaving.phase, reason, exit)
  yield* said
  const tick = state.tickNow().count
  for (const { domain: { node } } of down) {
    yield* DomainLog.info(node, `Deactivating, ${name} is going down`, tick, "thunderline.domain.deactivating")
  }
})

/** Crashes a domain that has a generation, and schedules its restart if the budget has one left. */
export const crash = Effect.fnUntraced(function*(
  state: SupervisorState,
  domain: SupervisedDomain,
  reason: Reason,
  cause: Cause.Cause<unknown>,
  details: { readonly metadata?: Schema.JsonObject; readonly durationMs?: number }
): Effect.fn.Return<void, IllegalTransition> {
  const { budget, node } = domain
  const generation = generationOf(domain)!
  const text = CauseText.render(cause)
  const exit = Exit.failCause(cause)
  const tick = state.tickNow().count
  rest(state, domain)
  const next = yield* budget.take(monotonicMs(state))
  const failed: Step = {
    domain,
    phase: () => ({ _tag: "crashed" }),
    trigger: Trigger.Failed({ cause: text }),
    reason,
    cause: text,
    ...details,
    ...traced(generation)
  }
  const crashed = Effect.logError(`${DomainLog.label(node)} Crashed (${reason})`, cause).pipe(
    DomainLog.annotate(node, tick, details.metadata),
    Telemetry.event("thunderline.domain.crashed"),
    Spans.under(generation.span)
  )
  if (Option.isNone(next)) {
    yield* takeDown(state, domain, [failed], reason, exit, crashed)
    yield* DomainLog.info(node, "No restart left, stays crashed", tick, "thunderline.domain.given_up")
    if (node.domain.escalate) state.escalator.raise(node.domain.name, text)
    return
  }
  const { attempt, delay } = next.value
  const delayMs = Duration.toMillis(delay)
  const at = state.clock.currentTimeMillisUnsafe() + delayMs
  const backoff: Timer.Timer = Timer.make(
    state.fork,
    delay,
    () => state.tell(Command.BackoffElapsed({ domain, backoff }))
  )
  const scheduled: Step = {
    domain,
    phase: () => ({ _tag: "restarting", backoff }),
    trigger: Trigger.RestartScheduled({ attempt, delay, at }),
    reason: "backoff",
    metadata: { attempt, delayMs },
    ...traced(generation)
  }
  yield* takeDown(state, domain, [failed, scheduled], reason, exit, crashed)
  Telemetry.update(domain.metrics.restarts, 1, state.services)
  backoff.start()
  yield* DomainLog.info(node, `Restart ${attempt} in ${Duration.format(delay)}`, tick, "thunderline.domain.restarting")
})
