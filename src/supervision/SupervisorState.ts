import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { SystemPublisher } from "../heartbeat/SystemPublisher.ts"
import { TickIngress } from "../heartbeat/TickIngress.ts"
import { type CommitOptions, type Transition, Transitions } from "../heartbeat/Transitions.ts"
import type { DomainNode } from "../model/DomainGraph.ts"
import type { IllegalTransition } from "../model/DomainStatus.ts"
import type { Tick } from "../model/Tick.ts"
import * as ActivationTrace from "../telemetry/ActivationTrace.ts"
import * as SafeTelemetry from "../telemetry/SafeTelemetry.ts"
import { CurrentRun } from "../trail/CurrentRun.ts"
import { OutboxIntake } from "../trail/OutboxIntake.ts"
import type { Command } from "./Command.ts"
import { Escalator } from "./Escalator.ts"
import * as FiberFailureLog from "./FiberFailureLog.ts"
import * as GateCondition from "./GateCondition.ts"
import * as SharedLayers from "./SharedLayers.ts"
import * as SupervisedDomain from "./SupervisedDomain.ts"
import type { Phase, SupervisedDomain as Supervised } from "./SupervisedDomain.ts"
import { TickReceivers } from "./TickReceiver.ts"

/** One transition of a domain, and what the supervisor holds for the domain afterwards; made before the commit. */
export interface Step extends Omit<Transition, "node"> {
  readonly domain: Supervised
  readonly phase: () => Phase
}

/** What the supervisor's parts share. */
export interface SupervisorState {
  /** In the order in which they were given. */
  readonly domains: ReadonlyArray<Supervised>
  readonly domainOf: (node: DomainNode) => Supervised
  readonly find: (name: string) => Supervised | undefined
  readonly conditions: ReadonlyArray<GateCondition.GateCondition>
  readonly receivers: TickReceivers["Service"]
  readonly escalator: Escalator["Service"]
  readonly runId: string
  readonly clock: Clock.Clock
  /** The application's services, for the supervisor's own effects. */
  readonly services: Context.Context<never>
  /** The same with what domains get from the supervisor itself. */
  readonly environment: Context.Context<never>
  readonly activeCount: () => number
  /** The newest tick; tick 0 before the first. */
  readonly tickNow: () => Tick
  readonly tell: (command: Command) => void
  /** Runs an effect beside the supervisor. */
  readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  /** Counts and logs a failure that no layer owns and nobody awaits. */
  readonly logFiberFailure: (failure: FiberFailureLog.Unclaimed) => void
  /** Makes transitions, all or none, each together with the domain's phase. */
  readonly commit: (steps: ReadonlyArray<Step>, options?: CommitOptions) => Effect.Effect<void, IllegalTransition>
  /** Domains whose gate could not be opened, by a bug: the next tick looks at it again. */
  readonly unopened: Set<Supervised>
  /** Completes when what is still being closed at shutdown is to be abandoned. */
  readonly overdue: Deferred.Deferred<void>
  /** How long the shutdown of the whole application may take. */
  readonly shutdownTimeout: Duration.Duration
  /** Nothing is activated or restarted any more. */
  stopping: boolean
}

const tickZero = (timestamp: number): Tick => ({
  count: 0,
  slot: 0,
  epoch: 1,
  timestamp: DateTime.makeUnsafe(timestamp),
  lateness: Duration.zero,
  interval: Duration.zero,
  metadata: { activeDomains: 0 }
})

/** Forks the fiber of a waiting domain. */
export const wait = ({ fork }: Pick<SupervisorState, "fork">): SupervisedDomain.Waiting => {
  const gate = Deferred.makeUnsafe<void, unknown>()
  return { _tag: "waiting", gate, fiber: fork(Deferred.await(gate)) }
}

/** The conditions that do not hold for a domain. */
const unmetBy =
  (conditions: ReadonlyArray<GateCondition.GateCondition>) => ({ node, status }: Supervised): ReadonlyArray<string> =>
    status._tag !== "waiting" || conditions.length === 0
      ? []
      : conditions.filter((condition) => !GateCondition.holds(condition, node.domain.name)).map(({ name }) => name)

/** A phase that a domain shall enter. */
interface NextPhase {
  readonly domain: Supervised
  readonly phase: Phase
}

/** Gives up a phase that was not entered. */
const discard = ({ domain, phase }: NextPhase): void => {
  if (phase._tag === "active") phase.receiver?.stop()
  if (phase._tag !== "waiting" && phase._tag !== "activating") return
  if (!("fiber" in domain.phase) || domain.phase.fiber !== phase.fiber) phase.fiber.interruptUnsafe()
}

const makePhases = (steps: ReadonlyArray<Step>): ReadonlyArray<NextPhase> => {
  const made: Array<NextPhase> = []
  try {
    for (const { domain, phase } of steps) made.push({ domain, phase: phase() })
    return made
  } catch (defect) {
    made.forEach(discard)
    throw defect
  }
}

/** Makes the state, with every domain waiting. When the scope closes, the fibers that still wait are interrupted. */
export const make = Effect.fnUntraced(function*(options: {
  readonly nodes: ReadonlyArray<DomainNode>
  readonly tell: (command: Command) => void
  /** Services that domains get from the supervisor itself. */
  readonly provided: Context.Context<never>
  readonly shutdownTimeout: Duration.Duration
}) {
  const transitions = yield* Transitions
  const clock = yield* Clock.Clock
  const conditions = yield* GateCondition.GateConditions
  // Domains get the reading sides only.
  const services = Context.omit(
    Scope.Scope,
    Layer.CurrentMemoMap,
    OutboxIntake,
    SystemPublisher,
    TickIngress,
    TickReceivers,
    Transitions
  )(yield* Effect.context<never>())
  const fork = Effect.runForkWith(services)
  const now = clock.currentTimeMillisUnsafe()
  const domains = options.nodes.map((node) => SupervisedDomain.make(node, wait({ fork }), now))
  transitions.enrol(domains, {
    health: ({ phase }: Supervised) => (phase._tag === "active" ? phase.receiver?.health() ?? null : null),
    unmet: unmetBy(conditions)
  })
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const { phase } of domains) if (phase._tag === "waiting") phase.fiber.interruptUnsafe()
    })
  )
  const byName = new Map(domains.map((domain) => [domain.node.domain.name, domain]))
  const state: SupervisorState = {
    domains,
    domainOf: (node) => domains[node.index]!,
    find: (name) => byName.get(name),
    conditions,
    receivers: yield* TickReceivers,
    escalator: yield* Escalator,
    runId: (yield* CurrentRun).runId,
    clock,
    services,
    environment: SharedLayers.install(
      ActivationTrace.install(SafeTelemetry.restore(Context.merge(services, options.provided)))
    ),
    activeCount: transitions.activeCount,
    tickNow: () => transitions.currentTick() ?? tickZero(clock.currentTimeMillisUnsafe()),
    tell: options.tell,
    fork,
    logFiberFailure: FiberFailureLog.make({
      clock,
      domains: options.nodes.map(({ domain }) => domain.name),
      fork,
      services
    }),
    commit: (steps, options) =>
      Effect.suspend(() => {
        const phases = makePhases(steps)
        let applied = false
        return transitions.commit(
          steps.map(({ domain, phase: _, ...transition }) => ({ ...transition, node: domain.node })),
          () => {
            applied = true
            for (const { domain, phase } of phases) domain.phase = phase
          },
          options
        ).pipe(Effect.onError(() => Effect.sync(() => applied ? undefined : phases.forEach(discard))))
      }),
    unopened: new Set(),
    overdue: Deferred.makeUnsafe(),
    shutdownTimeout: options.shutdownTimeout,
    stopping: false
  }
  return state
})

/** After how many domains a loop over domains lets others run: the heartbeat first of all. */
const slice = 32

/** Does something with each domain, and lets other fibers run in between. */
export const forEachSliced = Effect.fnUntraced(function*<A>(all: ReadonlyArray<A>, act: (one: A) => void) {
  for (const [i, one] of all.entries()) {
    if (i > 0 && i % slice === 0) yield* Effect.yieldNow
    act(one)
  }
})

/** Milliseconds on the monotonic clock. */
export const monotonicMs = ({ clock }: SupervisorState): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
