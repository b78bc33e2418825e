import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Schema from "effect/Schema"
import * as CauseText from "../model/CauseText.ts"
import { type IllegalTransition, type Reason, Trigger } from "../model/DomainStatus.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { close } from "./Closing.ts"
import { Command } from "./Command.ts"
import * as DomainLog from "./DomainLog.ts"
import type { Generation } from "./Generation.ts"
import * as Restart from "./Restart.ts"
import { type Activating, type Active, type Crashed, generationOf, type SupervisedDomain } from "./SupervisedDomain.ts"
import { forEachSliced, monotonicMs, type Step, type SupervisorState } from "./SupervisorState.ts"

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

/** What a crash brings about besides the end of generations. */
interface Crash {
  /** What the generation's scope is closed with. */
  readonly exit: Exit.Exit<unknown, unknown>
  readonly act: () => void
  readonly log: Effect.Effect<void>
}

/**
 * Takes a domain out of `activating` or `active`: in one commit its dependants leave first, in reverse order, then the
 * domain itself by `own`. Only then are the scopes closed, in that order. The log comes last.
 */
export const takeDown = Effect.fnUntraced(function*(
  state: SupervisorState,
  domain: SupervisedDomain,
  own: ReadonlyArray<Step>,
  reason: Reason,
  { act, exit, log }: Crash = { exit: Exit.void, act: () => {}, log: Effect.void }
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
  act()
  yield* log
  const tick = state.tickNow().count
  for (const { domain: { node } } of down) {
    yield* DomainLog.info(node, `Deactivating, ${name} is going down`, tick, "thunderline.domain.deactivating")
  }
})

/**
 * Crashes a domain that has a generation. Its restart is scheduled in the same commit if its policy answers at once, as
 * all do whose schedule does not wait; else the supervisor hears of the answer by `Decided`.
 */
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
  const trace = traced(generation)
  rest(state, domain)
  const asked = state.fork(budget.take(state.clock.currentTimeMillisUnsafe(), cause))
  const answered = asked.pollUnsafe()
  const after = answered === undefined ? undefined : Restart.aftermath(state, domain, trace, yield* answered)
  const phase: Crashed = { _tag: "crashed" }
  const failed: Step = {
    domain,
    phase: () => phase,
    trigger: Trigger.Failed({ cause: text }),
    reason,
    cause: text,
    ...details,
    ...trace
  }
  yield* takeDown(state, domain, after === undefined ? [failed] : [failed, ...after.steps], reason, {
    exit: Exit.failCause(cause),
    act: () => {
      if (after !== undefined) return after.act()
      asked.addObserver((exit) => {
        if (Exit.isSuccess(exit)) state.tell(Command.Decided({ domain, phase, trace, verdict: exit.value }))
      })
    },
    log: Effect.logError(`${DomainLog.label(node)} Crashed (${reason})`, cause).pipe(
      DomainLog.annotate(node, state.tickNow().count, details.metadata),
      Telemetry.event("thunderline.domain.crashed"),
      Spans.under(generation.span)
    )
  })
  if (after !== undefined) yield* after.log
})
