import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Tracer from "effect/Tracer"
import { type IllegalTransition, type Opening, type Reason, Trigger } from "../model/DomainStatus.ts"
import { attempt } from "../model/ForeignValue.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { Command } from "./Command.ts"
import * as DomainGate from "./DomainGate.ts"
import * as DomainLog from "./DomainLog.ts"
import { Generation } from "./Generation.ts"
import { type Activating, generationOf, type SupervisedDomain } from "./SupervisedDomain.ts"
import { forEachSliced, type Step, type SupervisorState, wait } from "./SupervisorState.ts"
import * as Timer from "./Timer.ts"

/** A domain's layer and `onActivate` were not ready in time. */
export class ActivationTimeout extends Schema.TaggedError<ActivationTimeout>()("ActivationTimeout", {
  domain: Schema.String,
  timeoutMs: Schema.Finite
}) {
  override get message() {
    return `Domain ${this.domain} was not active within its activationTimeout of ${this.timeoutMs}ms`
  }
}

/** The attributes of the spans of a generation. */
export const attributes = (
  { runId }: SupervisorState,
  { node }: SupervisedDomain,
  { tick, wave }: Opening,
  generation: number
) => ({
  [Telemetry.attribute.domain]: node.domain.name,
  [Telemetry.attribute.generation]: generation,
  [Telemetry.attribute.tick]: tick.count,
  [Telemetry.attribute.epoch]: tick.epoch,
  [Telemetry.attribute.wave]: wave,
  [Telemetry.attribute.run]: runId
})

/** The next generation, not yet built, and what is held for its domain meanwhile. */
const makeActivating = (
  state: SupervisorState,
  domain: SupervisedDomain,
  opening: Opening,
  span: Tracer.Span
): Activating => {
  const { activationTimeout, name } = domain.node.domain
  const generation: Generation = new Generation({
    domain: domain.node.domain,
    number: domain.generation + 1,
    opening,
    span,
    environment: Context.mergeAll(
      state.environment,
      ...domain.node.dependsOn.map((other) => generationOf(state.domainOf(other))!.services)
    ),
    fork: state.fork,
    onFailure: (failure) => state.tell(Command.Failed({ domain, generation, failure })),
    onUnclaimed: (failure) => state.logFiberFailure({ ...failure, domain: name, tick: state.tickNow().count })
  })
  const timeoutMs = Duration.toMillis(activationTimeout)
  const deadline = Timer.make(state.fork, activationTimeout, () => {
    const exit = Exit.fail(new ActivationTimeout({ domain: name, timeoutMs }))
    state.tell(Command.Built({ domain, generation, exit, durationMs: timeoutMs }))
  })
  const { fiber, gate } = domain.phase._tag === "waiting" ? domain.phase : wait(state)
  return { _tag: "activating", generation, gate, fiber, deadline }
}

/**
 * What a transition into `activating` needs, or into `waiting` where the gate is closed: the phase, and where in the
 * traces the activation is found.
 */
export const entering = (
  state: SupervisorState,
  domain: SupervisedDomain,
  opening: Opening | undefined
): Effect.Effect<Pick<Step, "phase" | "traceId" | "spanId">> => {
  if (opening === undefined) return Effect.succeed({ phase: () => wait(state) })
  return Effect.gen(function*() {
    const tick = yield* Spans.ofTick(opening.tick)
    const span = yield* Effect.makeSpan("Domain.activate", {
      root: true,
      links: Spans.linksTo(Option.getOrUndefined(tick)),
      attributes: attributes(state, domain, opening, domain.generation + 1)
    })
    return {
      phase: () => makeActivating(state, domain, opening, span),
      traceId: span.traceId,
      spanId: span.spanId
    }
  })
}

const announce = ({ node }: SupervisedDomain, { number, opening: { tick }, span }: Generation) => {
  const first = `${DomainLog.label(node)} Received first tick ${tick.count}, activating...`
  return Effect.andThen(
    number === 1 && tick.count > 0 ? DomainLog.annotate(node, tick.count)(Effect.logInfo(first)) : Effect.void,
    DomainLog.info(node, `Activating at tick ${tick.count}`, tick.count, "thunderline.domain.activating")
  ).pipe(Spans.under(span))
}

/**
 * Starts the build of a generation that has just been committed, as soon as the generation before it is closed or
 * abandoned. The wait for it is timed, not the build: acquiring is uninterruptible.
 */
const launch = (state: SupervisorState, domain: SupervisedDomain, phase: Activating): void => {
  const { clock } = state
  const { deadline, fiber, gate, generation } = phase
  let began: bigint | undefined
  fiber.addObserver((exit) => {
    attempt(() => generation.trace.end(clock.currentTimeNanosUnsafe(), exit), undefined)
    if (began === undefined) return
    const durationMs = Number(clock.monotonicTimeNanosUnsafe() - began) / 1e6
    state.tell(Command.Built({ domain, generation, exit, durationMs }))
  })
  const start = () => {
    if (domain.phase !== phase) return
    began = clock.monotonicTimeNanosUnsafe()
    try {
      // The build begins inside of this call.
      Deferred.doneUnsafe(gate, Effect.andThen(announce(domain, generation), generation.build))
    } catch (defect) {
      generation.onFailure({ cause: Cause.die(defect), metadata: {} })
    }
    if (fiber.pollUnsafe() === undefined) deadline.start()
  }
  if (Deferred.isDoneUnsafe(domain.ended)) start()
  else state.fork(Effect.andThen(Deferred.await(domain.ended), Effect.sync(start)))
}

/** What a boot is analysed by: what the domain awaits, when its tick was sent, when the heart began to beat. */
const gateFacts = ({ node, reached }: SupervisedDomain): Schema.JsonObject => {
  const { interval, lateness, slot, timestamp } = reached!
  const reachedAt = timestamp.epochMilliseconds
  return {
    awaits: node.awaits.map((other) => other.domain.name),
    reachedAt,
    heartbeatAt: Math.round(reachedAt - Duration.toMillis(lateness) - slot * Duration.toMillis(interval))
  }
}

const openAll = Effect.fnUntraced(function*(
  state: SupervisorState,
  candidates: ReadonlyArray<SupervisedDomain>,
  opener: DomainGate.Opener,
  reason: Reason
): Effect.fn.Return<void, IllegalTransition> {
  const steps: Array<Step> = []
  for (const domain of candidates) {
    const opening = domain.phase._tag === "waiting" ? DomainGate.look(state, domain, opener) : undefined
    if (opening === undefined) continue
    steps.push({
      domain,
      trigger: Trigger.GateOpened({ opening }),
      reason,
      metadata: domain.generation === 0 ? gateFacts(domain) : {},
      ...(yield* entering(state, domain, opening))
    })
  }
  if (steps.length === 0) return
  yield* state.commit(steps)
  yield* forEachSliced(steps, ({ domain }) => {
    if (domain.phase._tag === "activating") launch(state, domain, domain.phase)
  })
})

/**
 * Activates those of the candidates that wait and whose gate is open. Where that fails, which is a bug, they are tried one
 * by one; the gate of one that fails by itself is looked at again with the next tick.
 */
export const openGates = (
  state: SupervisorState,
  candidates: ReadonlyArray<SupervisedDomain>,
  opener: DomainGate.Opener,
  reason: Reason
): Effect.Effect<void> =>
  Effect.catchCause(openAll(state, candidates, opener, reason), (cause) => {
    const [first, second] = candidates
    const tell = (message: string) => DomainLog.bug(first!.node, message, state.tickNow().count, cause)
    if (second !== undefined) {
      return Effect.forEach(candidates, (one) => openGates(state, [one], opener, reason), { discard: true }).pipe(
        Effect.andThen(tell(`Its gate and ${candidates.length - 1} more were not opened together`))
      )
    }
    state.unopened.add(first!)
    return tell("Its gate was not opened")
  })

/** Goes on from a state that has just been entered: builds what was opened, or looks at the gate of what waits now. */
export const settle = (
  state: SupervisorState,
  domain: SupervisedDomain,
  reason: Reason
): Effect.Effect<void> => {
  if (domain.phase._tag === "waiting") return openGates(state, [domain], "now", reason)
  if (domain.phase._tag === "activating") launch(state, domain, domain.phase)
  return Effect.void
}
