/**
 * Runs an endless loop of Thunderline's own: a heartbeat, a writer, a sweep. Use it for every fiber that must go on for
 * as long as a scope is open. A domain's own background work is a worker, not a loop.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Backoff from "../model/Backoff.ts"
import * as Telemetry from "./Telemetry.ts"

/** A loop that has run for so long starts its back-off over. */
const stableAfter = 30_000

/**
 * Runs an effect in the scope until the scope closes. Any other end, by success, failure, defect or interruption, is
 * logged at ERROR and counted (`thunderline.loop.restarts`), and the effect runs again after a back-off of 100 ms to 30 s.
 */
export const supervised = <E, R>(
  name: string,
  effect: Effect.Effect<unknown, E, R>
): Effect.Effect<Fiber.Fiber<never>, never, R | Scope.Scope> => {
  // A separate fiber: an interruption of it ends this turn, not the loop.
  const turn = Effect.flatMap(Effect.forkChild(effect, { startImmediately: true }), Fiber.await)
  const restarts = Telemetry.counter("thunderline.loop.restarts", { [Telemetry.attribute.loop]: name })
  const ended = Effect.fnUntraced(function*(exit: Exit.Exit<unknown, unknown>) {
    Telemetry.update(restarts, 1, yield* Effect.context<never>())
    yield* Effect.logError(
      `[Loop] ${name} ended, which is a bug; it runs again`,
      ...(Exit.isFailure(exit) ? [exit.cause] : [])
    ).pipe(Telemetry.event("thunderline.loop.ended", { loop: name }))
  }, Effect.catchCause(() => Effect.void))
  const unstable = Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const started = clock.monotonicTimeNanosUnsafe()
    const exit = yield* turn
    yield* ended(exit)
    return Number(clock.monotonicTimeNanosUnsafe() - started) / 1e6 < stableAfter
  })
  const loop = unstable.pipe(
    Effect.repeat({ schedule: Backoff.schedule({ from: "100 millis", to: "30 seconds" }), while: (again) => again }),
    Effect.forever
  )
  return Effect.contextWith((context: Context.Context<R>) => {
    // A series that begins with its first restart would not show that one as an increase.
    Telemetry.update(restarts, 0, context)
    return Effect.forkScoped(loop, { startImmediately: true })
  })
}
