import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import { DomainRegistry, type Transition, Transitions } from "../heartbeat/DomainRegistry.ts"
import { SystemPubSub } from "../heartbeat/SystemPubSub.ts"
import * as Control from "../model/DomainControl.ts"
import type { DomainNode } from "../model/DomainGraph.ts"
import { DomainHandles } from "../model/DomainHandle.ts"
import { type IllegalTransition, Trigger } from "../model/DomainStatus.ts"
import type { Tick } from "../model/Tick.ts"
import * as Spans from "../telemetry/Spans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { CurrentRun } from "../trail/CurrentRun.ts"
import { Outbox } from "../trail/Outbox.ts"
import type { NotCommitted } from "../trail/Receipt.ts"
import * as Cascade from "./Cascade.ts"
import * as DomainUse from "./DomainUse.ts"
import { Escalator } from "./Escalator.ts"
import { ActivationTimeout } from "./Generation.ts"
import * as Lifecycle from "./Lifecycle.ts"
import { label, type Report, type Slot, traced } from "./Lifecycle.ts"
import * as Operations from "./Operations.ts"
import { DomainSilent, TickReceivers } from "./TickDispatcher.ts"
import * as Watchdog from "./Watchdog.ts"

/** What the supervisor runs and how; everything but the domains has a default. */
export interface SupervisorOptions {
  /** The domains, checked and tied together by `DomainGraph.make`. */
  readonly nodes: ReadonlyArray<DomainNode>
  /** `false` activates the domains at start, whatever their `activationTick` (default true). */
  readonly waitForTick?: boolean | undefined
  /**
   * `required`: an operation returns only when it is in the trail, else fails with `TrailUnavailable`.
   * `best-effort` (the default): it returns when it is made.
   */
  readonly trail?: "best-effort" | "required" | undefined
  /** How long it waits for the trail (default 5 seconds). */
  readonly trailTimeout?: Duration.Input | undefined
}

/** What an operation is answered with: how to wait for the trail to have it. */
type Reply = Deferred.Deferred<Effect.Effect<void, NotCommitted>, Control.OperationRefused | Control.ShuttingDown>

/** All that the supervisor is asked, besides the reports of the domains' own fibers. */
type Command = Data.TaggedEnum<{
  Ticked: { readonly tick: Tick }
  Operate: { readonly slot: Slot; readonly operation: Control.Operation; readonly reply: Reply }
  Start: {}
  Shutdown: {}
}>
const Command = Data.taggedEnum<Command>()

const failedWith = (cause: Cause.Cause<unknown>, error: new(...args: any) => unknown): boolean =>
  cause.reasons.some((reason) => Cause.isFailReason(reason) && reason.error instanceof error)

/** What went wrong, in a word of few: the tag or name of the first error. */
const errorType = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  if (Predicate.hasProperty(error, "_tag") && typeof error._tag === "string") return error._tag
  return error instanceof Error ? error.name : "_OTHER"
}

/** One fiber that executes all commands, in the order in which they were asked for. */
const make = Effect.fnUntraced(function*(options: SupervisorOptions) {
  const { nodes } = options
  const clock = yield* Clock.Clock
  const transitions = yield* Transitions
  const pubsub = yield* SystemPubSub
  const registry = yield* DomainRegistry
  const escalator = yield* Escalator
  const outbox = yield* Outbox
  const trailTimeout = Duration.fromInputUnsafe(options.trailTimeout ?? "5 seconds")
  const mailbox = yield* Queue.unbounded<Command | Report>()
  const watchdog = Watchdog.make()
  const stopped = Deferred.makeUnsafe<void>()
  let phase: "running" | "stopping" = "running"

  const operate = (operation: Control.Operation) =>
    Effect.fn(`DomainControl.${operation}`)(
      function*(domain: string): Effect.fn.Return<void, Control.DomainControlError> {
        const slot = slots.find((one) => one.node.domain.name === domain)
        if (slot === undefined) {
          return yield* new Control.UnknownDomain({ domain, known: nodes.map((node) => node.domain.name) })
        }
        const reply: Reply = Deferred.makeUnsafe()
        Queue.offerUnsafe(mailbox, Command.Operate({ slot, operation, reply }))
        const committed = yield* Deferred.await(reply)
        if (options.trail !== "required") return
        const unavailable = (detail: string) => Effect.fail(new Control.TrailUnavailable({ domain, operation, detail }))
        yield* committed.pipe(
          Effect.catchTag("NotCommitted", ({ detail }) => unavailable(detail)),
          Effect.timeoutOrElse({
            duration: trailTimeout,
            orElse: () => unavailable(`no commit within ${Duration.format(trailTimeout)}`)
          })
        )
      }
    )
  const control = Control.DomainControl.of({
    restart: operate("restart"),
    activate: operate("activate"),
    deactivate: operate("deactivate")
  })
  const handles = DomainUse.make({
    nodes: new Map(nodes.map((node) => [node.domain.name, node])),
    transitions,
    active: (node) => status(slotOf(node)) === "active" ? slotOf(node).generation : undefined
  })
  const services = Context.omit(Scope.Scope, Layer.CurrentMemoMap)(yield* Effect.context<never>())
  const lifecycle = yield* Lifecycle.make({
    nodes,
    transitions,
    services,
    environment: Context.mergeAll(
      services,
      Context.make(DomainHandles, handles),
      Context.make(Control.DomainControl, control)
    ),
    tickReceivers: yield* TickReceivers,
    report: (report) => Queue.offerUnsafe(mailbox, report)
  })
  const { arm, begin, cancelBackOff, close, slotOf, slots, status, tickNow } = lifecycle
  const byRank = slots.toSorted((a, b) => a.node.rank - b.node.rank)
  /** Those whose activation tick is still to come, the next one last. */
  const upcoming = byRank.toReversed().toSorted((a, b) => b.node.domain.activationTick - a.node.domain.activationTick)

  const context = yield* Effect.context<never>()
  const fanout = Telemetry.histogram("thunderline.tick.fanout.duration")

  const cascade = Cascade.make({
    lifecycle,
    transitions,
    escalator,
    clock,
    context,
    isStopping: () => phase === "stopping"
  })
  const { annotate, crash, gate, openGates, say, settle } = cascade
  const operator = Operations.make({ cascade, lifecycle, transitions })

  const finish = () => {
    if (phase === "stopping" && lifecycle.closing() === 0) Deferred.doneUnsafe(stopped, Effect.void)
  }

  const reports: { readonly [T in Report["_tag"]]: (report: Data.TaggedEnum.Value<Report, T>) => Step } = {
    Built: Effect.fnUntraced(function*({ durationMs, exit, generation, slot }) {
      if (slot.generation !== generation) return
      if (Exit.isFailure(exit)) {
        const reason = failedWith(exit.cause, ActivationTimeout) ? "timeout" : "failure"
        Telemetry.histogram("thunderline.domain.activation.duration", {
          [Telemetry.attribute.domain]: slot.node.domain.name,
          [Telemetry.attribute.status]: "crashed",
          [Telemetry.attribute.error]: errorType(exit.cause)
        }).updateUnsafe(durationMs / 1_000, context)
        return yield* crash(slot, reason, exit.cause, { durationMs })
      }
      const activated: Transition = { node: slot.node, trigger: Trigger.Activated(), reason: "activated", durationMs }
      yield* transitions.commit([{ ...activated, ...traced(slot) }])
      slot.activations.updateUnsafe(durationMs / 1_000, context)
      const { tick, wave } = generation.opening
      yield* Effect.logInfo(`[DomainRegistry] Domain activated: ${slot.node.domain.name}`).pipe(
        Effect.annotateLogs({ domain: slot.node.domain.name, tick: tick.count, wave }),
        Telemetry.event("thunderline.domain.activated", {
          active_count: yield* registry.activeCount,
          status: "active"
        }),
        Spans.under(generation.span)
      )
      lifecycle.start(slot)
      yield* openGates(slot.node.followers.map(slotOf), "dependency", "dependency")
    }),
    Failed: Effect.fnUntraced(function*({ failure, generation, slot }) {
      if (slot.generation !== generation) return
      const reason = failedWith(failure.cause, DomainSilent) ? "silent" : "failure"
      yield* crash(slot, reason, failure.cause, { metadata: failure.metadata })
    }),
    Closed: Effect.fnUntraced(function*({ closing, done, durationMs, slot, span }) {
      const { domain } = slot.node
      if (closing.abandoned) {
        yield* Effect.logWarning(
          `${label(slot)} Its end took longer than ${Duration.format(domain.shutdownTimeout)} and was left behind`
        ).pipe(annotate(slot), Telemetry.event("thunderline.domain.abandoned"), Spans.under(span))
      }
      if (closing.cause !== undefined) {
        yield* Effect.logWarning(`${label(slot)} Its end failed`, closing.cause).pipe(
          annotate(slot),
          Telemetry.event("thunderline.domain.end_failed"),
          Spans.under(span)
        )
      }
      const before = transitions.status(slot.node)
      if (before._tag === "deactivating") {
        const opening = before.target === "activating" ? gate(slot, "now") : undefined
        yield* transitions.commit([{
          node: slot.node,
          trigger: Trigger.Closed({ gate: opening }),
          reason: before.reason,
          durationMs,
          cause: closing.cause === undefined ? undefined : Cause.pretty(closing.cause),
          metadata: closing.abandoned ? { abandoned: true } : {},
          ...(opening === undefined ? { traceId: span.traceId, spanId: span.spanId } : yield* begin(slot, opening))
        }])
        yield* Effect.logInfo(`[DomainRegistry] Domain deactivated: ${domain.name}`).pipe(
          annotate(slot),
          Telemetry.event("thunderline.domain.deactivated"),
          Spans.under(span)
        )
        yield* settle(slot, opening, before.reason)
      }
      lifecycle.closed(slot, done)
      finish()
    }),
    BackoffElapsed: Effect.fnUntraced(function*({ fiber, slot }) {
      if (slot.backoff !== fiber) return
      slot.backoff = undefined
      const opening = gate(slot, "now")
      const trigger = Trigger.BackoffElapsed({ gate: opening })
      const trace = opening === undefined ? {} : yield* begin(slot, opening)
      yield* transitions.commit([{ node: slot.node, trigger, reason: "backoff", ...trace }])
      yield* settle(slot, opening, "backoff")
    })
  }

  const commands: { readonly [T in Command["_tag"]]: (command: Data.TaggedEnum.Value<Command, T>) => Step } = {
    Ticked: Effect.fnUntraced(function*({ tick }) {
      transitions.ticked(tick)
      yield* watchdog(tick)
      const start = clock.monotonicTimeNanosUnsafe()
      for (const receiver of lifecycle.receivers) receiver.deliver(tick)
      fanout.updateUnsafe(Number(clock.monotonicTimeNanosUnsafe() - start) / 1e9, context)
      const reached: Array<Slot> = []
      while (upcoming.length > 0 && upcoming.at(-1)!.node.domain.activationTick <= tick.count) {
        const slot = upcoming.pop()!
        slot.reached = tick
        reached.push(slot)
      }
      yield* openGates(reached, "now", "tick")
    }),
    Operate: Effect.fnUntraced(function*({ operation, reply, slot }) {
      if (phase === "stopping") {
        const refusal = new Control.ShuttingDown({ domain: slot.node.domain.name, operation })
        return void Deferred.doneUnsafe(reply, Exit.fail(refusal))
      }
      const receipt = outbox.follow()
      yield* operator[operation](slot).pipe(
        Effect.andThen(Effect.sync(() => Deferred.doneUnsafe(reply, Exit.succeed(receipt.committed)))),
        Effect.catchTag(
          "OperationRefused",
          (refusal) => Effect.sync(() => Deferred.doneUnsafe(reply, Exit.fail(refusal)))
        ),
        Effect.ensuring(Effect.sync(receipt.end))
      )
    }),
    Start: Effect.fnUntraced(function*() {
      const tick = tickNow()
      for (const slot of upcoming.splice(0)) slot.reached = tick
      yield* openGates(byRank, "now", "tick")
    }),
    Shutdown: Effect.fnUntraced(function*() {
      phase = "stopping"
      const leaving = byRank.toReversed().filter(({ node }) => {
        const now = transitions.status(node)
        return now._tag !== "crashed" && now._tag !== "inactive" &&
          !(now._tag === "deactivating" && now.target === "inactive")
      })
      const trigger = Trigger.Shutdown()
      yield* transitions.commit(leaving.map((slot) => ({
        node: slot.node,
        trigger,
        reason: "shutdown",
        ...(slot.generation === undefined ? {} : traced(slot))
      })))
      for (const slot of leaving) {
        cancelBackOff(slot)
        if (slot.generation === undefined) lifecycle.disarm(slot)
        else {
          close(slot, "shutdown")
          yield* say(slot, "Deactivating", "thunderline.domain.deactivating")
        }
      }
      finish()
    })
  }

  // A series that begins with its first restart would not show that one as an increase.
  for (const slot of slots) slot.restarts.updateUnsafe(0, context)
  transitions.enrol(nodes)
  for (const slot of slots) {
    arm(slot)
    yield* say(slot, "Waiting for first tick to activate...", "thunderline.domain.waiting")
  }
  const handlers = { ...reports, ...commands } as { readonly [tag: string]: (message: Command | Report) => Step }
  const supervisor = yield* Effect.forkDetach(
    Queue.take(mailbox).pipe(
      Effect.flatMap((message) => handlers[message._tag]!(message)),
      Effect.catchCauseIf(
        (cause) => !Cause.hasInterruptsOnly(cause),
        (cause) => Effect.logFatal("[Supervisor] A command failed, which is a bug", cause)
      ),
      Effect.forever
    )
  )
  const ticks = yield* pubsub.subscribe("system:domain_tick")
  yield* Effect.forkScoped(
    PubSub.take(ticks).pipe(
      Effect.map(({ payload }) => Queue.offerUnsafe(mailbox, Command.Ticked({ tick: payload }))),
      Effect.forever
    )
  )
  yield* Effect.addFinalizer(() => {
    Queue.offerUnsafe(mailbox, Command.Shutdown())
    return Effect.andThen(Deferred.await(stopped), Fiber.interrupt(supervisor))
  })
  if (options.waitForTick === false) Queue.offerUnsafe(mailbox, Command.Start())

  return Context.make(Control.DomainControl, control).pipe(Context.add(DomainHandles, handles))
})

type Step = Effect.Effect<void, IllegalTransition>

/**
 * The supervisor of the domains. Its layer is ready when every domain waits for its gate; when its scope closes, the
 * domains are deactivated in reverse order, each within its `shutdownTimeout`.
 */
export const layer = (options: SupervisorOptions): Layer.Layer<
  Control.DomainControl | DomainHandles,
  never,
  DomainRegistry | Transitions | TickReceivers | SystemPubSub | Escalator | Outbox | CurrentRun
> => Layer.effectContext(make(options))
