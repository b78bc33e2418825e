/**
 * Hands each tick to the active domains that have an `onTick`. Use `handled` to watch how long their calls take, as the
 * shipped domain cerebros does. To hear of ticks themselves subscribe to `system:domain_tick`.
 *
 * @example
 * ```ts
 * import { Duration, Effect, Stream } from "effect"
 * import { TickDispatcher } from "thunderline"
 *
 * const slow = TickDispatcher.TickDispatcher.use(({ handled }) =>
 *   handled.pipe(
 *     Stream.filter(({ duration }) => Duration.toMillis(duration) > 100),
 *     Stream.runForEach(({ domain, tick }) => Effect.log(`${domain} was slow at tick ${tick}`))
 *   )
 * )
 * ```
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import * as Spans from "../telemetry/Spans.ts"
import * as TickReceiver from "./TickReceiver.ts"

export { DomainSilent, type TickHandled } from "./TickReceiver.ts"

/** The dispatcher, to watch. */
export class TickDispatcher extends Context.Service<TickDispatcher, {
  /** Every handled tick from now on; a slow reader loses the oldest. */
  readonly handled: Stream.Stream<TickReceiver.TickHandled>
}>()("thunderline/TickDispatcher") {}

/** How many handled ticks are kept for the slowest reader. */
const capacity = 4096

const make = Effect.gen(function*() {
  const pubsub = yield* Effect.acquireRelease(PubSub.sliding<TickReceiver.TickHandled>(capacity), PubSub.shutdown)
  const context = yield* Effect.context<never>()
  const options: TickReceiver.Options = {
    clock: yield* Clock.Clock,
    context,
    everyTick: yield* Spans.everyTick,
    // The plain publish is the cheap one, and refuses only when a slow reader has to lose its oldest.
    handled: (handled) => {
      if (!PubSub.publishUnsafe(pubsub, handled)) Effect.runForkWith(context)(PubSub.publish(pubsub, handled))
    }
  }
  const receivers = new Set<TickReceiver.TickReceiver>()
  return Context.make(TickDispatcher, { handled: Stream.fromPubSub(pubsub) }).pipe(
    Context.add(TickReceiver.TickReceivers, {
      attach: (generation) => {
        const receiver = TickReceiver.make(generation, options)
        const attached: TickReceiver.TickReceiver = {
          ...receiver,
          deliver: (tick) => {
            try {
              receiver.deliver(tick)
            } catch (defect) {
              // The call begins inside of `deliver`: what is no effect can throw out of it.
              generation.onFailure({ cause: Cause.die(defect), metadata: { tick: tick.count } })
            }
          },
          stop: () => {
            receivers.delete(attached)
            receiver.stop()
          }
        }
        receivers.add(attached)
        return attached
      },
      deliver: (tick) => {
        for (const receiver of receivers) receiver.deliver(tick)
      }
    })
  )
})

/** The dispatcher, without any domain. */
export const layer: Layer.Layer<TickDispatcher | TickReceiver.TickReceivers> = Layer.effectContext(make)
