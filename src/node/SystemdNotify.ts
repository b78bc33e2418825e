/**
 * Tells systemd that the program is ready, that its heart beats, and that it stops. Use it in a unit of `Type=notify`;
 * elsewhere it does nothing.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Thunderline } from "thunderline"
 * import { SystemdNotify } from "thunderline/control"
 *
 * const Main = SystemdNotify.layer.pipe(Layer.provideMerge(Thunderline.layer({ domains: [] })))
 * ```
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import { execFile } from "node:child_process"
import { SystemPubSub } from "../heartbeat/SystemPubSub.ts"
import { TickGenerator } from "../heartbeat/TickGenerator.ts"
import { Health } from "../supervision/Health.ts"
import * as Loop from "../telemetry/Loop.ts"
import * as SafeTelemetry from "../telemetry/SafeTelemetry.ts"

const variable = (name: string) =>
  Effect.map(Effect.orDie(Config.option(Config.String(name))), Option.filter((text) => text !== ""))

/** How long one message may take, in milliseconds. */
const answerTimeoutMs = 5_000

/**
 * Sends a message with the tool `systemd-notify`: the socket is a datagram socket, which Node cannot open. The tool waits
 * until systemd has taken the message. It is not the unit's main process, so the unit needs `NotifyAccess=all`.
 */
const send = (...message: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.callback<void, Error>((resume) => {
    const child = execFile("systemd-notify", message, { timeout: answerTimeoutMs }, (error) => {
      resume(error === null ? Effect.void : Effect.fail(error))
    })
    return Effect.sync(() => void child.kill())
  }).pipe(
    Effect.catch((error) => Effect.logWarning(`[Systemd] systemd-notify ${message[0]} failed: ${error.message}`))
  )

const tell = Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const health = yield* Health
  const pubsub = yield* SystemPubSub
  const { interval } = yield* (yield* TickGenerator).stats
  const watchdog = Option.map(yield* variable("WATCHDOG_USEC"), (usec) => Number(usec) / 1_000)

  if (Option.isSome(watchdog) && interval > watchdog.value / 2) {
    yield* Effect.logWarning(
      `[Systemd] A tick every ${interval} ms cannot feed a watchdog of ${watchdog.value} ms: ` +
        `set WatchdogSec to more than twice the interval`
    )
  }

  const changes = yield* pubsub.subscribe("system:domain_event")
  yield* Effect.forkScoped(Effect.gen(function*() {
    let report = yield* health.ready
    while (report.status === "fail") {
      yield* PubSub.takeAll(changes)
      report = yield* health.ready
    }
    yield* send("READY=1", `STATUS=${report.reason}`)
  }))

  if (Option.isSome(watchdog)) {
    const ticks = yield* pubsub.subscribe("system:domain_tick")
    let fed = -Infinity
    const feed = Effect.gen(function*() {
      yield* PubSub.takeAll(ticks)
      const now = Number(clock.monotonicTimeNanosUnsafe()) / 1e6
      if (now - fed < watchdog.value / 4) return
      fed = now
      yield* send("WATCHDOG=1")
    })
    yield* Loop.supervised("systemd-watchdog", Effect.forever(feed))
  }

  yield* Effect.addFinalizer(() => send("STOPPING=1", "STATUS=The program is shutting down."))
})

/**
 * Tells systemd, if it has started this program (`NOTIFY_SOCKET` is set), that it is ready, that its heart beats, and
 * that it stops. The watchdog (`WatchdogSec`) is fed by ticks alone: no tick, no food.
 */
export const layer: Layer.Layer<never, never, Health | SystemPubSub | TickGenerator> = Layer.effectDiscard(
  Effect.flatMap(variable("NOTIFY_SOCKET"), Option.match({ onNone: () => Effect.void, onSome: () => tell }))
).pipe(Layer.provide(SafeTelemetry.layer()))
