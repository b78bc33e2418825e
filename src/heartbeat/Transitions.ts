import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as CauseText from "../model/CauseText.ts"
import type { DomainEvent } from "../model/DomainEvent.ts"
import type { DomainNode } from "../model/DomainGraph.ts"
import {
  type DomainStatus,
  type IllegalTransition,
  type Reason,
  StatusName,
  transition as following,
  type Trigger
} from "../model/DomainStatus.ts"
import { attempt } from "../model/ForeignValue.ts"
import type { Tick } from "../model/Tick.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { CurrentRun } from "../trail/CurrentRun.ts"
import { OutboxIntake } from "../trail/OutboxIntake.ts"
import * as DomainRecord from "./DomainRecord.ts"
import { safely, SystemPublisher } from "./SystemPublisher.ts"

/** A change of a domain's state that is asked for, and what the trail shall know of it. */
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

/** How transitions are committed. */
export interface CommitOptions {
  /** `false`: without the outbox, where the outbox itself fails; the trail does not get them (default true). */
  readonly recorded?: boolean
}

/** The writing side of the registry, for the supervisor alone. */
export class Transitions extends Context.Service<Transitions, {
  /** Makes the domains known, all `waiting`: their records in the order of the nodes, and how to read them. */
  readonly enrol: <Record extends DomainRecord.DomainRecord>(
    records: ReadonlyArray<Record>,
    reader: DomainRecord.RecordReader<Record>
  ) => void
  /** All records, in the order in which they were given. */
  readonly records: () => ReadonlyArray<DomainRecord.DomainRecord>
  readonly reader: () => DomainRecord.RecordReader<any>
  readonly recordOf: (node: DomainNode) => DomainRecord.DomainRecord
  readonly find: (name: string) => DomainRecord.DomainRecord | undefined
  readonly ticked: (tick: Tick) => void
  readonly currentTick: () => Tick | undefined
  readonly blockedBy: (record: DomainRecord.DomainRecord) => ReadonlyArray<DomainNode>
  /**
   * Makes transitions, all or none: every one is checked against the table of states, offered to the outbox and kept in
   * one synchronous step, in which `applied` is called as well, and only then published. What fails before it is kept
   * changes nothing; what fails after it is logged.
   */
  readonly commit: (
    transitions: ReadonlyArray<Transition>,
    applied?: () => void,
    options?: CommitOptions
  ) => Effect.Effect<void, IllegalTransition>
  /** How many commits there have been. */
  readonly commits: () => number
  /** Completes as soon as there have been more commits than `since`, so that none can slip by between look and wait. */
  readonly changed: (since: number) => Effect.Effect<void>
  readonly activeCount: () => number
  /** The last transitions into `active`, oldest first, at most 100. */
  readonly activations: () => ReadonlyArray<DomainEvent>
}>()("thunderline/DomainRegistry/Transitions") {}

const historySize = 100

/** Before the supervisor has enrolled any domain. */
const noReader: DomainRecord.RecordReader<DomainRecord.DomainRecord> = { health: () => null, unmet: () => [] }

/** How many domains are in each state, and how often they entered it. */
const makeCounts = Effect.gen(function*() {
  const context = yield* Effect.context<never>()
  const counts = new Map<StatusName, number>(StatusName.literals.map((state) => [state, 0]))
  for (const state of StatusName.literals) {
    yield* Telemetry.observe("thunderline.domain.count", () => counts.get(state)!, {
      [Telemetry.attribute.state]: state
    })
  }
  const add = (state: StatusName, n: number) => counts.set(state, counts.get(state)! + n)
  return {
    enrolled: (n: number) => void add("waiting", n),
    entered: (record: DomainRecord.DomainRecord, from: StatusName, to: StatusName) => {
      add(from, -1)
      add(to, 1)
      Telemetry.update(record.metrics.entered(to), 1, context)
    },
    active: () => counts.get("active")!
  }
})

/** Those who wait for the next commit. */
const makeWaiters = () => {
  const waiting = new Set<() => void>()
  let commits = 0
  return {
    commits: () => commits,
    committed: () => {
      commits++
      const woken = Array.from(waiting)
      waiting.clear()
      // What waits is users' code, and goes on inside of this call.
      for (const resume of woken) attempt(resume, undefined)
    },
    changed: (since: number) =>
      Effect.callback<void>((resume) => {
        const wake = () => resume(Effect.void)
        if (commits > since) return wake()
        waiting.add(wake)
        return Effect.sync(() => waiting.delete(wake))
      })
  }
}

/** A step from one state to another, as it is committed. */
interface Committed {
  readonly from: DomainStatus
  readonly to: DomainStatus
  readonly generation: number
  readonly at: DateTime.Utc
}

const eventOf = (
  run: CurrentRun["Service"],
  lastTick: Tick | undefined,
  { cause: given, durationMs, metadata, node, reason, spanId, traceId }: Transition,
  { at, from, generation, to }: Committed
): DomainEvent => {
  const cause = given ?? (to._tag === "crashed" ? to.cause : undefined)
  return {
    id: run.nextId(),
    runId: run.runId,
    node: run.node,
    domain: node.domain.name,
    generation,
    epoch: lastTick?.epoch ?? 0,
    tick: lastTick?.count ?? 0,
    wave: to._tag === "activating" || to._tag === "active" ? to.opening.wave : null,
    from: from._tag,
    to: to._tag,
    reason,
    cause: cause === undefined ? null : CauseText.clip(cause),
    durationMs: durationMs ?? null,
    metadata: metadata ?? {},
    traceId: traceId ?? null,
    spanId: spanId ?? null,
    occurredAt: at
  }
}

const make = Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const run = yield* CurrentRun
  const outbox = yield* OutboxIntake
  const publish = safely(yield* SystemPublisher)
  const counts = yield* makeCounts
  const waiters = makeWaiters()
  const activations: Array<DomainEvent> = []
  const byName = new Map<string, DomainRecord.DomainRecord>()
  let records: ReadonlyArray<DomainRecord.DomainRecord> = []
  let reader: DomainRecord.RecordReader<any> = noReader
  let lastTick: Tick | undefined

  const recordOf = (node: DomainNode) => records[node.index]!

  const apply = (record: DomainRecord.DomainRecord, event: DomainEvent, to: DomainStatus) => {
    counts.entered(record, event.from, event.to)
    if (event.from === "active") record.lastTick = event.tick
    record.status = to
    record.since = DateTime.toEpochMillis(event.occurredAt)
    record.generation = event.generation
    if (to._tag !== "active") return
    record.activatedAt = record.since
    activations.push(event)
    if (activations.length > historySize) activations.shift()
  }

  const commitUnsafe = (
    transitions: ReadonlyArray<Transition>,
    { recorded = true }: CommitOptions
  ): Result.Result<ReadonlyArray<DomainEvent>, IllegalTransition> => {
    const planned = new Map<DomainNode, { readonly status: DomainStatus; readonly generation: number }>()
    // What goes down together went down at one time.
    const at = DateTime.makeUnsafe(clock.currentTimeMillisUnsafe())
    const steps: Array<{ readonly event: DomainEvent; readonly to: DomainStatus; readonly node: DomainNode }> = []
    for (const transition of transitions) {
      const { node, trigger } = transition
      const { generation: before, status: from } = planned.get(node) ?? recordOf(node)
      const to = following(from, trigger)
      if (Result.isFailure(to)) return Result.fail(to.failure)
      const generation = to.success._tag === "activating" ? before + 1 : before
      planned.set(node, { status: to.success, generation })
      const event = eventOf(run, lastTick, transition, { from, to: to.success, generation, at })
      steps.push({ event, to: to.success, node })
    }
    const events = steps.map((step) => step.event)
    // First, because it is the only part that could fail.
    if (recorded) outbox.offer(events)
    for (const step of steps) apply(recordOf(step.node), step.event, step.to)
    return Result.succeed(events)
  }

  const publishAll = Effect.fnUntraced(function*(events: ReadonlyArray<DomainEvent>) {
    for (const event of events) {
      yield* publish("system:domain_event", event)
      if (event.to === "active") yield* publish("system:domain_activated", event)
      if (event.from === "active") yield* publish("system:domain_deactivated", event)
    }
  })

  return Transitions.of({
    enrol: (enrolled, recordReader) => {
      records = enrolled
      reader = recordReader
      for (const record of enrolled) byName.set(record.node.domain.name, record)
      counts.enrolled(enrolled.length)
    },
    records: () => records,
    reader: () => reader,
    recordOf,
    find: (name) => byName.get(name),
    ticked: (tick) => {
      lastTick = tick
    },
    currentTick: () => lastTick,
    blockedBy: (record) => DomainRecord.blockedBy(record, recordOf, new Map()),
    commit: (transitions, applied, options = {}) =>
      Effect.suspend(() => {
        const committed = commitUnsafe(transitions, options)
        if (Result.isFailure(committed)) return Effect.fail(committed.failure)
        applied?.()
        waiters.committed()
        return publishAll(committed.success)
      }),
    commits: waiters.commits,
    changed: waiters.changed,
    activeCount: counts.active,
    activations: () => activations.slice()
  })
})

/** The writing side, empty until the supervisor enrols the domains. */
export const layer: Layer.Layer<Transitions, never, CurrentRun | OutboxIntake | SystemPublisher> = Layer.effect(
  Transitions,
  make
)
