import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import { TickIngress } from "../heartbeat/TickIngress.ts"
import { Transitions } from "../heartbeat/Transitions.ts"
import * as Control from "../model/DomainControl.ts"
import type { DomainNode } from "../model/DomainGraph.ts"
import { DomainHandles } from "../model/DomainHandle.ts"
import type { IllegalTransition } from "../model/DomainStatus.ts"
import * as Loop from "../telemetry/Loop.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { CurrentRun } from "../trail/CurrentRun.ts"
import { OutboxIntake } from "../trail/OutboxIntake.ts"
import { openGates } from "./Activation.ts"
import { Command, type CommandOf, type Reply } from "./Command.ts"
import * as DomainGate from "./DomainGate.ts"
import * as DomainLog from "./DomainLog.ts"
import * as DomainUse from "./DomainUse.ts"
import type { Escalator } from "./Escalator.ts"
import * as Operations from "./Operations.ts"
import * as Reports from "./Reports.ts"
import * as Restart from "./Restart.ts"
import { shutdown } from "./Shutdown.ts"
import * as SupervisorState from "./SupervisorState.ts"
import type { TickReceivers } from "./TickReceiver.ts"
import * as Watchdog from "./Watchdog.ts"

/** What the supervisor runs and how; everything but the domains has a default. */
export interface SupervisorOptions {
  /** The domains, checked and tied together by `DomainGraph.make`. */
  readonly nodes: ReadonlyArray<DomainNode>
  /** `false` activates the domains at start, whatever their `activationTick` (default true). */
  readonly waitForTick?: boolean | undefined
  /**
   * `required`: an operation returns only when it is in the trail, else fails with `TrailUnavailable`.
   * `best-effort` (the default): it returns when it is accepted.
   */
  readonly trail?: "best-effort" | "required" | undefined
  /** How long an operation waits for the trail (default 5 seconds). */
  readonly trailTimeout?: Duration.Input | undefined
}

type Step = Effect.Effect<void, IllegalTransition>

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
  return {
    ticked: Effect.fnUntraced(function*({ tick }: CommandOf<"Ticked">) {
      yield* watchdog(tick)
      const start = state.clock.monotonicTimeNanosUnsafe()
      state.receivers.deliver(tick)
      const nanos = state.clock.monotonicTimeNanosUnsafe() - start
      fanout.updateUnsafe(Number(nanos) / 1e9, state.services)
      const reached = due(tick.count)
      for (const domain of reached) domain.reached = tick
      yield* openGates(state, reached, "now", "tick")
    }),
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

/** The operations, each put into the mailbox and awaited. */
const makeControl = (
  { trail, trailTimeout }: SupervisorOptions,
  state: () => SupervisorState.SupervisorState
): Control.DomainControl["Service"] => {
  const timeout = Duration.fromInputUnsafe(trailTimeout ?? "5 seconds")
  const operate = (operation: Control.Operation) =>
    Effect.fn(`DomainControl.${operation}`)(
      function*(name: string): Effect.fn.Return<void, Control.DomainControlError> {
        const { domains, find, tell } = state()
        const domain = find(name)
        if (domain === undefined) {
          return yield* new Control.UnknownDomain({ domain: name, known: domains.map(({ node }) => node.domain.name) })
        }
        const reply: Reply = Deferred.makeUnsafe()
        tell(Command.Operate({ domain, operation, reply }))
        const committed = yield* Deferred.await(reply)
        if (trail !== "required") return
        const unavailable = (detail: string) =>
          Effect.fail(new Control.TrailUnavailable({ domain: name, operation, detail }))
        yield* committed.pipe(
          Effect.catchTag("NotCommitted", ({ detail }) => unavailable(detail)),
          Effect.timeoutOrElse({
            duration: timeout,
            orElse: () => unavailable(`no commit within ${Duration.format(timeout)}`)
          })
        )
      }
    )
  return { restart: operate("restart"), activate: operate("activate"), deactivate: operate("deactivate") }
}

const make = Effect.fnUntraced(function*(options: SupervisorOptions) {
  const mailbox = yield* Queue.unbounded<Command>()
  const tell = (command: Command) => void Queue.offerUnsafe(mailbox, command)
  const { blockedBy, changed, commits } = yield* Transitions
  const control = makeControl(options, () => state)
  const handles = DomainUse.make({ state: () => state, blockedBy, changed, commits })
  const provided = Context.make(DomainHandles, handles).pipe(Context.add(Control.DomainControl, control))
  const state: SupervisorState.SupervisorState = yield* SupervisorState.make({ nodes: options.nodes, tell, provided })

  // A series that begins with its first restart would not show that one as an increase.
  for (const { metrics } of state.domains) metrics.restarts.updateUnsafe(0, state.services)
  for (const { node } of state.domains) {
    yield* DomainLog.info(node, "Waiting for first tick to activate...", 0, "thunderline.domain.waiting")
  }
  const handle = yield* makeHandler(state)
  yield* Loop.supervised(
    "supervisor",
    Queue.take(mailbox).pipe(
      Effect.flatMap(handle),
      Effect.catchCauseIf(
        (cause) => !Cause.hasInterruptsOnly(cause),
        (cause) => Effect.logFatal("[Supervisor] A command failed, which is a bug", cause)
      ),
      Effect.forever
    )
  )
  const ingress = yield* TickIngress
  yield* ingress.listen((tick) => tell(Command.Ticked({ tick })))
  for (const { listen } of state.conditions) {
    yield* listen((name) => {
      const domain = state.find(name)
      if (domain !== undefined) tell(Command.ConditionChanged({ domain }))
    })
  }
  yield* Effect.addFinalizer(() => {
    const done = Deferred.makeUnsafe<void>()
    tell(Command.Shutdown({ done }))
    return Deferred.await(done)
  })
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
