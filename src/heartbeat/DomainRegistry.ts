import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as Domain from "../model/Domain.ts"
import { UnknownDomain } from "../model/DomainControl.ts"
import { type DomainEvent, maxCauseLength } from "../model/DomainEvent.ts"
import type { DomainNode } from "../model/DomainGraph.ts"
import type { DomainHealth } from "../model/DomainHealth.ts"
import {
  DomainStatus,
  type IllegalTransition,
  type Reason,
  StatusName,
  transition as following,
  type Trigger
} from "../model/DomainStatus.ts"
import type { Tick } from "../model/Tick.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { CurrentRun } from "../trail/CurrentRun.ts"
import { OutboxIntake } from "../trail/OutboxIntake.ts"
import { SystemPubSub } from "./SystemPubSub.ts"

/** Where one domain stands. */
export interface DomainView {
  readonly name: string
  readonly status: DomainStatus
  /** When it entered that state, in milliseconds since the epoch. */
  readonly since: number
  /** When it last became active, in milliseconds since the epoch; `null` before the first time. */
  readonly activatedAt: number | null
  /** The earliest tick that it activates on. */
  readonly activationTick: number
  /** How often it has been built; 0 before the first time. */
  readonly generation: number
  /** The count of the last tick it was active at; 0 before. */
  readonly lastTick: number
  readonly dependsOn: ReadonlyArray<string>
  readonly after: ReadonlyArray<string>
  readonly criticality: Domain.Criticality
  /** How it answers its ticks; `null` while it is not active, or without an `onTick`. */
  readonly health: DomainHealth | null
  /** For a waiting domain: those of its dependencies that are crashed for good, inactive, or blocked themselves. */
  readonly blockedBy: ReadonlyArray<string>
}

/**
 * Knows every domain's state. Reads are synchronous look-ups: they never queue behind a write.
 */
export class DomainRegistry extends Context.Service<DomainRegistry, {
  /** The names of the active domains, in the order in which they were given. */
  readonly activeDomains: Effect.Effect<ReadonlyArray<string>>
  readonly activeCount: Effect.Effect<number>
  readonly domainStatus: (name: string) => Effect.Effect<DomainStatus, UnknownDomain>
  /** The last transitions into `active`, oldest first, at most 100. */
  readonly activationHistory: Effect.Effect<ReadonlyArray<DomainEvent>>
  /** The count of the newest tick, 0 before the first. */
  readonly currentTick: Effect.Effect<number>
  readonly lastTick: Effect.Effect<Option.Option<Tick>>
  /** All domains, in the order in which they were given. */
  readonly snapshot: Effect.Effect<ReadonlyArray<DomainView>>
  /** One domain. */
  readonly domain: (name: string) => Effect.Effect<DomainView, UnknownDomain>
  /** A number that grows with every commit: as long as it stays, only ticks and health have changed. */
  readonly version: Effect.Effect<number>
  /** Every transition from now on. */
  readonly changes: Stream.Stream<DomainEvent>
}>()("thunderline/DomainRegistry") {}

/** A transition to be made, and what the trail shall know of it. */
export interface Transition {
  readonly node: DomainNode
  readonly trigger: Trigger
  readonly reason: Reason
  readonly durationMs?: number | undefined
  readonly cause?: string | undefined
  readonly metadata?: Schema.JsonObject | undefined
  readonly traceId?: string | undefined
  readonly spanId?: string | undefined
}

/**
 * The writing side of the registry, for the supervisor alone.
 */
export class Transitions extends Context.Service<Transitions, {
  /** Makes the domains known, all `waiting`. */
  readonly enrol: (nodes: ReadonlyArray<DomainNode>) => void
  readonly ticked: (tick: Tick) => void
  readonly currentTick: () => Tick | undefined
  readonly status: (node: DomainNode) => DomainStatus
  readonly generation: (node: DomainNode) => number
  readonly blockedBy: (node: DomainNode) => ReadonlyArray<DomainNode>
  /** Where to look up a domain's health from now on. */
  readonly healthFrom: (node: DomainNode, health: (() => DomainHealth) | undefined) => void
  /**
   * Makes transitions, all or none: every one is checked against the table of states, kept here and offered to the outbox in
   * one synchronous step, and only then published.
   */
  readonly commit: (transitions: ReadonlyArray<Transition>) => Effect.Effect<void, IllegalTransition>
  /** How many commits there have been. */
  readonly commits: () => number
  /** Completes as soon as there have been more commits than `since`, so that none can slip by between look and wait. */
  readonly changed: (since: number) => Effect.Effect<void>
}>()("thunderline/DomainRegistry/Transitions") {}

const historySize = 100

interface Entry {
  readonly node: DomainNode
  status: DomainStatus
  since: number
  activatedAt: number | null
  generation: number
  lastTick: number
  health: (() => DomainHealth) | undefined
  /** How often it has entered each state. */
  readonly entered: Map<StatusName, Metric.Counter<number>>
}

/** A domain that does not become active by itself any more. */
const isOut = (status: DomainStatus): boolean => status._tag === "crashed" || status._tag === "inactive"

const make = Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const run = yield* CurrentRun
  const outbox = yield* OutboxIntake
  const pubsub = yield* SystemPubSub
  const entries = new Map<string, Entry>()
  const history: Array<DomainEvent> = []
  const waiters = new Set<() => void>()
  let commits = 0
  let activeNames: ReadonlyArray<string> | undefined
  let activeCount = 0
  let lastTick: Tick | undefined
  const context = yield* Effect.context<never>()
  const counts = new Map<StatusName, number>(StatusName.literals.map((state) => [state, 0]))
  for (const state of StatusName.literals) {
    yield* Telemetry.observe("thunderline.domain.count", () => counts.get(state)!, {
      [Telemetry.attribute.state]: state
    })
  }

  const count = (known: Entry, to: StatusName) => {
    let entered = known.entered.get(to)
    if (entered === undefined) {
      const { name } = known.node.domain
      entered = Telemetry.counter("thunderline.domain.transitions", {
        [Telemetry.attribute.domain]: name,
        [Telemetry.attribute.state]: to
      })
      known.entered.set(to, entered)
    }
    entered.updateUnsafe(1, context)
    counts.set(to, counts.get(to)! + 1)
  }

  const entry = (node: DomainNode) => entries.get(node.domain.name)!

  const blockedBy = (node: DomainNode, known: Map<DomainNode, ReadonlyArray<DomainNode>>) => {
    const before = known.get(node)
    if (before !== undefined) return before
    const blocking: ReadonlyArray<DomainNode> = entry(node).status._tag === "waiting"
      ? node.awaits.filter((other) => isOut(entry(other).status) || blockedBy(other, known).length > 0)
      : []
    known.set(node, blocking)
    return blocking
  }

  const view = (
    { activatedAt, generation, health, lastTick: seen, node, since, status }: Entry,
    known: Map<DomainNode, ReadonlyArray<DomainNode>>
  ): DomainView => ({
    name: node.domain.name,
    status,
    since,
    activatedAt,
    activationTick: node.domain.activationTick,
    generation,
    lastTick: status._tag === "active" ? lastTick?.count ?? 0 : seen,
    dependsOn: node.domain.dependsOn.map((other) => other.name),
    after: node.domain.after.map((other) => other.name),
    criticality: node.domain.criticality,
    health: health?.() ?? null,
    blockedBy: blockedBy(node, known).map((other) => other.domain.name)
  })

  const event = (
    change: Transition,
    from: DomainStatus,
    to: DomainStatus,
    generation: number,
    at: DateTime.Utc
  ): DomainEvent => {
    const cause = change.cause ?? (to._tag === "crashed" ? to.cause : undefined)
    return {
      id: run.nextId(),
      runId: run.runId,
      node: run.node,
      domain: change.node.domain.name,
      generation,
      epoch: lastTick?.epoch ?? 0,
      tick: lastTick?.count ?? 0,
      wave: to._tag === "activating" || to._tag === "active" ? to.opening.wave : null,
      from: from._tag,
      to: to._tag,
      reason: change.reason,
      cause: cause === undefined ? null : cause.slice(0, maxCauseLength),
      durationMs: change.durationMs ?? null,
      metadata: change.metadata ?? {},
      traceId: change.traceId ?? null,
      spanId: change.spanId ?? null,
      occurredAt: at
    }
  }

  const apply = (event: DomainEvent, to: DomainStatus) => {
    const known = entries.get(event.domain)!
    if (event.from === "active") {
      known.lastTick = event.tick
      activeCount--
    }
    counts.set(event.from, counts.get(event.from)! - 1)
    count(known, event.to)
    known.status = to
    known.since = DateTime.toEpochMillis(event.occurredAt)
    known.generation = event.generation
    if (to._tag === "active") {
      activeCount++
      known.activatedAt = known.since
      history.push(event)
      if (history.length > historySize) history.shift()
    }
    activeNames = undefined
  }

  const commitUnsafe = (
    transitions: ReadonlyArray<Transition>
  ): Result.Result<ReadonlyArray<DomainEvent>, IllegalTransition> => {
    const planned = new Map<string, { status: DomainStatus; generation: number }>()
    // What goes down together went down at one time.
    const at = DateTime.makeUnsafe(clock.currentTimeMillisUnsafe())
    const steps: Array<{ readonly event: DomainEvent; readonly to: DomainStatus }> = []
    for (const change of transitions) {
      const name = change.node.domain.name
      const { generation: before, status: from } = planned.get(name) ?? entries.get(name)!
      const to = following(from, change.trigger)
      if (Result.isFailure(to)) return Result.fail(to.failure)
      const generation = to.success._tag === "activating" ? before + 1 : before
      planned.set(name, { status: to.success, generation })
      steps.push({ event: event(change, from, to.success, generation, at), to: to.success })
    }
    for (const step of steps) apply(step.event, step.to)
    const events = steps.map((step) => step.event)
    outbox.offer(events)
    return Result.succeed(events)
  }

  const publish = Effect.fnUntraced(function*(events: ReadonlyArray<DomainEvent>) {
    for (const event of events) {
      yield* pubsub.publish("system:domain_event", event)
      if (event.to === "active") yield* pubsub.publish("system:domain_activated", event)
      if (event.from === "active") yield* pubsub.publish("system:domain_deactivated", event)
    }
  })

  const find = (name: string) =>
    Effect.suspend(() => {
      const known = entries.get(name)
      return known === undefined
        ? Effect.fail(new UnknownDomain({ domain: name, known: Array.from(entries.keys()) }))
        : Effect.succeed(known)
    })

  const registry = DomainRegistry.of({
    activeDomains: Effect.sync(() =>
      activeNames ??= Array.from(entries.values())
        .filter((known) => known.status._tag === "active")
        .map((known) => known.node.domain.name)
    ),
    activeCount: Effect.sync(() => activeCount),
    domainStatus: (name) => Effect.map(find(name), (known) => known.status),
    activationHistory: Effect.sync(() => history.slice()),
    currentTick: Effect.sync(() => lastTick?.count ?? 0),
    lastTick: Effect.sync(() => Option.fromUndefinedOr(lastTick)),
    snapshot: Effect.sync(() => {
      const known = new Map<DomainNode, ReadonlyArray<DomainNode>>()
      return Array.from(entries.values(), (entry) => view(entry, known))
    }),
    domain: (name) => Effect.map(find(name), (known) => view(known, new Map())),
    version: Effect.sync(() => commits),
    changes: Stream.map(pubsub.stream("system:domain_event"), (envelope) => envelope.payload)
  })

  const transitions = Transitions.of({
    enrol: (nodes) => {
      for (const node of nodes) {
        entries.set(node.domain.name, {
          node,
          status: DomainStatus.waiting(),
          since: clock.currentTimeMillisUnsafe(),
          activatedAt: null,
          generation: 0,
          lastTick: 0,
          health: undefined,
          entered: new Map()
        })
        counts.set("waiting", counts.get("waiting")! + 1)
      }
    },
    ticked: (tick) => {
      lastTick = tick
    },
    currentTick: () => lastTick,
    status: (node) => entry(node).status,
    generation: (node) => entry(node).generation,
    blockedBy: (node) => blockedBy(node, new Map()),
    healthFrom: (node, health) => {
      entry(node).health = health
    },
    commit: (transitions) =>
      Effect.suspend(() => {
        const committed = commitUnsafe(transitions)
        if (Result.isFailure(committed)) return Effect.fail(committed.failure)
        commits++
        const woken = Array.from(waiters)
        waiters.clear()
        for (const resume of woken) resume()
        return publish(committed.success)
      }),
    commits: () => commits,
    changed: (since) =>
      Effect.callback<void>((resume) => {
        const wake = () => resume(Effect.void)
        if (commits > since) return wake()
        waiters.add(wake)
        return Effect.sync(() => waiters.delete(wake))
      })
  })

  yield* Effect.log("[DomainRegistry] Started and subscribed to system events")
  return Context.make(DomainRegistry, registry).pipe(Context.add(Transitions, transitions))
})

/** The registry, empty until the supervisor enrols the domains. */
export const layer: Layer.Layer<DomainRegistry | Transitions, never, CurrentRun | OutboxIntake | SystemPubSub> = Layer
  .effectContext(make)
