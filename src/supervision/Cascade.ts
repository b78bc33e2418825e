import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type { Transition, Transitions } from "../heartbeat/DomainRegistry.ts"
import { type Opening, type Reason, Trigger } from "../model/DomainStatus.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { Escalator } from "./Escalator.ts"
import { label, type Lifecycle, log, type Slot, traced } from "./Lifecycle.ts"

/** What a boot is analysed by: what the domain awaits, when its tick was sent, when the heart began to beat. */
const gateFacts = ({ node, reached }: Slot): Schema.JsonObject => {
  const { interval, lateness, slot, timestamp } = reached!
  const reachedAt = timestamp.epochMilliseconds
  return {
    awaits: node.awaits.map((other) => other.domain.name),
    reachedAt,
    heartbeatAt: Math.round(reachedAt - Duration.toMillis(lateness) - slot * Duration.toMillis(interval))
  }
}

/**
 * Transitions that follow from one another: gates that open, domains that go down together, a crash and what it means for
 * the budget. Each is committed first and carried out then.
 */
export const make = ({ clock, context, escalator, isStopping, lifecycle, transitions }: {
  readonly lifecycle: Lifecycle
  readonly transitions: Transitions["Service"]
  readonly escalator: Escalator["Service"]
  readonly clock: Clock.Clock
  readonly context: Context.Context<never>
  readonly isStopping: () => boolean
}) => {
  const { arm, begin, close, enter, slotOf, status, tickNow } = lifecycle

  const say = (slot: Slot, message: string, event: Parameters<typeof Telemetry.event>[0]) =>
    Telemetry.event(event)(log(slot, message, tickNow().count))
  const annotate = (slot: Slot, annotations?: Schema.JsonObject) =>
    Effect.annotateLogs({ domain: slot.node.domain.name, tick: tickNow().count, ...annotations })

  const gate = (slot: Slot, opener: "dependency" | "now"): Opening | undefined =>
    isStopping() ? undefined : lifecycle.gate(slot, opener)

  const openGates = Effect.fnUntraced(function*(
    candidates: ReadonlyArray<Slot>,
    opener: "dependency" | "now",
    reason: Reason
  ) {
    const opened = candidates.flatMap((slot) => {
      const opening = status(slot) === "waiting" ? gate(slot, opener) : undefined
      return opening === undefined ? [] : [{ slot, opening }]
    })
    if (opened.length === 0) return
    const following: Array<Transition> = []
    for (const { opening, slot } of opened) {
      following.push({
        node: slot.node,
        trigger: Trigger.GateOpened({ opening }),
        reason,
        metadata: transitions.generation(slot.node) === 0 ? gateFacts(slot) : {},
        ...(yield* begin(slot, opening))
      })
    }
    yield* transitions.commit(following)
    for (const { opening, slot } of opened) enter(slot, opening)
  })

  /** Goes on from a state that was just entered: into the generation that was opened, or to wait. */
  const settle = Effect.fnUntraced(function*(slot: Slot, opening: Opening | undefined, reason: Reason) {
    const now = status(slot)
    if (now !== "waiting" && now !== "activating") return
    arm(slot)
    if (opening !== undefined) return enter(slot, opening)
    yield* openGates([slot], "now", reason)
  })

  /** Those that share the fate of a domain and have a generation, the outermost first. */
  const sharers = (slot: Slot): ReadonlyArray<Slot> => {
    const found = new Set<Slot>()
    const collect = (one: Slot) => {
      for (const dependant of one.node.dependants.map(slotOf)) {
        if (found.has(dependant) || dependant.generation === undefined) continue
        found.add(dependant)
        collect(dependant)
      }
    }
    collect(slot)
    return Array.from(found).sort((a, b) => b.node.rank - a.node.rank)
  }

  /**
   * Takes a domain out of `activating` or `active`: in one commit its dependants leave first, in reverse order, then the
   * domain itself by `own`; only then are the scopes closed, in that order.
   */
  const takeDown = Effect.fnUntraced(function*(
    slot: Slot,
    own: ReadonlyArray<Transition>,
    reason: Reason,
    exit?: Exit.Exit<unknown, unknown>
  ) {
    const down = sharers(slot)
    const { name } = slot.node.domain
    yield* transitions.commit([
      ...down.map((dependant): Transition => ({
        node: dependant.node,
        trigger: Trigger.DependencyLost(),
        reason: "dependency",
        metadata: { dependency: name },
        ...traced(dependant)
      })),
      ...own
    ])
    for (const dependant of down) {
      close(dependant, "dependency")
      yield* say(dependant, `Deactivating, ${name} is going down`, "thunderline.domain.deactivating")
    }
    close(slot, reason, exit)
  })

  const crash = Effect.fnUntraced(function*(
    slot: Slot,
    reason: Reason,
    cause: Cause.Cause<unknown>,
    details: { readonly metadata?: Schema.JsonObject; readonly durationMs?: number }
  ) {
    const { node } = slot
    const now = clock.currentTimeMillisUnsafe()
    const text = Cause.pretty(cause)
    lifecycle.rest(slot)
    const next = yield* slot.budget.take(Number(clock.monotonicTimeNanosUnsafe()) / 1e6)
    const failed: Transition = {
      node,
      trigger: Trigger.Failed({ cause: text }),
      reason,
      cause: text,
      ...details,
      ...traced(slot)
    }
    yield* Effect.logError(`${label(slot)} Crashed (${reason})`, cause).pipe(
      annotate(slot, details.metadata),
      Telemetry.event("thunderline.domain.crashed"),
      slot.generation === undefined ? identity : Spans.under(slot.generation.span)
    )
    if (Option.isNone(next)) {
      yield* takeDown(slot, [failed], reason, Exit.failCause(cause))
      yield* say(slot, "No restart left, stays crashed", "thunderline.domain.given_up")
      if (node.domain.escalate) escalator.raise(node.domain.name, text)
      return
    }
    const { attempt, delay } = next.value
    const delayMs = Duration.toMillis(delay)
    const scheduled: Transition = {
      node,
      trigger: Trigger.RestartScheduled({ attempt, delay, at: now + delayMs }),
      reason: "backoff",
      metadata: { attempt, delayMs },
      ...traced(slot)
    }
    yield* takeDown(slot, [failed, scheduled], reason, Exit.failCause(cause))
    slot.restarts.updateUnsafe(1, context)
    yield* say(slot, `Restart ${attempt} in ${Duration.format(delay)}`, "thunderline.domain.restarting")
    lifecycle.backOff(slot, delay)
  })

  return { say, annotate, gate, openGates, settle, takeDown, crash }
}

export type Cascade = ReturnType<typeof make>
