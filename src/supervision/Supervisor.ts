import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import { TickIngress } from "../heartbeat/TickIngress.ts"
import { Transitions } from "../heartbeat/Transitions.ts"
import * as Control from "../model/DomainControl.ts"
import type { DomainNode } from "../model/DomainGraph.ts"
import { DomainHandles } from "../model/DomainHandle.ts"
import type { IllegalTransition } from "../model/DomainStatus.ts"
import type { Tick } from "../model/Tick.ts"
import * as Loop from "../telemetry/Loop.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { CurrentRun } from "../trail/CurrentRun.ts"
import { OutboxIntake } from "../trail/OutboxIntake.ts"
import { openGates } from "./Activation.ts"
import { Command, type CommandOf } from "./Command.ts"
import * as DomainGate from "./DomainGate.ts"
import * as DomainLog from "./DomainLog.ts"
import * as DomainUse from "./DomainUse.ts"
import type { Escalator } from "./Escalator.ts"
import * as Operations from "./Operations.ts"
import * as Recovery from "./Recovery.ts"
import * as Reports from "./Reports.ts"
import * as Restart from "./Restart.ts"
import { shutdown } from "./Shutdown.ts"
import * as SupervisorState from "./SupervisorState.ts"
import type { TickReceivers } from "./TickReceiver.ts"
import * as Watchdog from "./Watchdog.ts"

/** What the supervisor runs and how; everything but the domains has a default. */
export interface SupervisorOptions extends Operations.ControlOptions {
  /** The domains, checked and tied together by `DomainGraph.make`. */
  readonly nodes: ReadonlyArray<DomainNode>
  /** `false` activates the domains at start, whatever their `activationTick` (default true). */
  readonly waitForTick?: boolean | undefined
  /** How long the shutdown may take (default 25 seconds); a fifth of it is kept for what ends after the domains. */
  readonly shutdownTimeout?: Duration.Input | undefined
}

type Step = Effect.Effect<void, IllegalTransition>

/** How much of the time for the shutdown the domains have; the outbox and the repo end after them. */
const domainsShare = 0.8

/** Executes an operation and answers it, with what became of its transitions in the outbox. */
const makeOperate = Effect.gen(function*() {
  const outbox = yield* OutboxIntake
  return (state: SupervisorState.SupervisorState, { domain, operation, reply }: CommandOf<"Operate">): Step => {
    if (state.stopping) {
      const refusal = new Control.ShuttingDown({ domain: domain.node.domain.name, operation })
      return Effect.sync(() => void Deferred.doneUnsafe(reply, Exit.fail(refusal)))
    }
    const receipt = outbox.follow()
    return Operations.execute[operation](state, domain).pipe(
      Effect.andThen(Effect.sync(() => void Deferred.doneUnsafe(reply, Exit.succeed(receipt.committed)))),
      Effect.catchTag(
        "OperationRefused",
        (refusal) => Effect.sync(() => void Deferred.doneUnsafe(reply, Exit.fail(refusal)))
      ),
      Effect.ensuring(Effect.sync(receipt.end))
    )
  }
})

/** Hands a tick to the domains that take ticks, and opens the gates that it reaches. */
const makeTicked = (state: SupervisorState.SupervisorState) => {
  const watchdog = Watchdog.make()
  const fanout = Telemetry.histogram("thunderline.tick.fanout.duration")
  const due = DomainGate.makeSchedule(state.domains)
  /** The domains whose gate the tick may open: those that it reaches, and those whose gate was not looked at. */
  const candidates = (tick: Tick) => {
    const reached = due(tick.count)
    for (const domain of reached) domain.reached = tick
    const unopened = Array.from(state.unopened)
    state.unopened.clear()
    return [...reached, ...unopened]
  }
  const handOut = Effect.fnUntraced(function*(tick: Tick) {
    yield* watchdog(tick)
    const start = state.clock.monotonicTimeNanosUnsafe()
    state.receivers.deliver(tick)
    const nanos = state.clock.monotonicTimeNanosUnsafe() - start
    Telemetry.update(fanout, Number(nanos) / 1e9, state.services)
  })
  return {
    ticked: ({ tick }: CommandOf<"Ticked">) =>
      Effect.ensuring(handOut(tick), Effect.suspend(() => openGates(state, candidates(tick), "now", "tick"))),
    start: Effect.suspend(() => {
      const tick = state.tickNow()
      const all = due(Infinity)
      for (const domain of all) domain.reached = tick
      return openGates(state, all, "now", "tick")
    })
  }
}

/** How each command is executed. */
const makeHandler = Effect.fnUntraced(function*(state: SupervisorState.SupervisorState) {
  const operate = yield* makeOperate
  const { start, ticked } = makeTicked(state)
  return (command: Command): Step =>
    Command.$match(command, {
      Ticked: ticked,
      Start: () => start,
      ConditionChanged: ({ domain }) => openGates(state, [domain], "now", "tick"),
      Operate: (asked) => operate(state, asked),
      Built: (report) => Reports.built(state, report),
      Failed: (report) => Reports.failed(state, report),
      Closed: (report) => Reports.closed(state, report),
      Decided: (report) => Restart.decided(state, report),
      BackoffElapsed: (report) => Reports.backoffElapsed(state, report),
      Shutdown: (asked) => shutdown(state, asked)
    })
})

/** The commands in order; once it is closed, each is answered at once. */
const makeMailbox = Effect.gen(function*() {
  const queue = yield* Queue.unbounded<Command>()
  let open = true
  yield* Effect.addFinalizer(() => {
    open = false
    return Effect.map(Queue.clear(queue), (left) => left.forEach(Recovery.refuse))
  })
  return {
    take: Queue.take(queue),
    tell: (command: Command) => open ? void Queue.offerUnsafe(queue, command) : Recovery.refuse(command)
  }
})

/** Executes the commands for ever: each in a fiber of its own, so that nothing of users' code can end this one. */
const execute = Effect.fnUntraced(function*(state: SupervisorState.SupervisorState, take: Effect.Effect<Command>) {
  const handle = yield* makeHandler(state)
  const one = (command: Command) =>
    Effect.flatMap(
      Fiber.await(state.fork(handle(command))),
      (exit) =>
        Exit.isSuccess(exit) ? Effect.void : Fiber.await(state.fork(Recovery.recover(state, command, exit.cause)))
    )
  yield* Loop.supervised("supervisor", Effect.forever(Effect.flatMap(take, one)))
})

/** Deactivates the domains; what is not done when their time is over is abandoned. */
const end = (state: SupervisorState.SupervisorState) =>
  Effect.gen(function*() {
    const done = Deferred.makeUnsafe<void>()
    state.tell(Command.Shutdown({ done }))
    const time = Duration.times(state.shutdownTimeout, domainsShare)
    if (Option.isSome(yield* Effect.timeoutOption(Deferred.await(done), time))) return
    Deferred.doneUnsafe(state.overdue, Effect.void)
    yield* Deferred.await(done)
  })

const make = Effect.fnUntraced(function*(options: SupervisorOptions) {
  const { take, tell } = yield* makeMailbox
  const { blockedBy, changed, commits } = yield* Transitions
  const control = Operations.makeControl(options, () => state)
  const handles = DomainUse.make({ state: () => state, blockedBy, changed, commits })
  const provided = Context.make(DomainHandles, handles).pipe(Context.add(Control.DomainControl, control))
  const state: SupervisorState.SupervisorState = yield* SupervisorState.make({
    nodes: options.nodes,
    tell,
    provided,
    shutdownTimeout: Duration.fromInputUnsafe(options.shutdownTimeout ?? "25 seconds")
  })

  // A series that begins with its first restart would not show that one as an increase.
  for (const { metrics } of state.domains) Telemetry.update(metrics.restarts, 0, state.services)
  for (const { node } of state.domains) {
    yield* DomainLog.info(node, "Waiting for first tick to activate...", 0, "thunderline.domain.waiting")
  }
  yield* execute(state, take)
  const ingress = yield* TickIngress
  yield* ingress.listen((tick) => tell(Command.Ticked({ tick })))
  for (const { listen } of state.conditions) {
    yield* listen((name) => {
      const domain = state.find(name)
      if (domain !== undefined) tell(Command.ConditionChanged({ domain }))
    })
  }
  yield* Effect.addFinalizer(() => end(state))
  if (options.waitForTick === false) tell(Command.Start())
  return provided
})

/**
 * The supervisor of the domains: one fiber executes all commands in order. Its layer is ready when every domain waits for
 * its gate; when its scope closes, the domains are deactivated in reverse order, each within its `shutdownTimeout`.
 */
export const layer = (options: SupervisorOptions): Layer.Layer<
  Control.DomainControl | DomainHandles,
  never,
  Transitions | TickReceivers | TickIngress | Escalator | OutboxIntake | CurrentRun
> => Layer.effectContext(make(options))
