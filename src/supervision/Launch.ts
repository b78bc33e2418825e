import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { type Escalated, Escalation } from "../model/Escalation.ts"
import * as SafeTelemetry from "../telemetry/SafeTelemetry.ts"
import * as ShutdownLimit from "./ShutdownLimit.ts"

/**
 * Runs an effect that a request to interrupt this fiber completes, and does not interrupt. A main effect that was
 * interrupted makes `runMain` exit with 130, and nothing that it does at its end can change that; an orderly end at
 * SIGTERM is a success.
 */
const onInterruptRequest = <A, E, R>(run: (requested: Effect.Effect<void>) => Effect.Effect<A, E, R>) =>
  Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown> & { interruptUnsafe?: () => void }) => {
    const requested = Deferred.makeUnsafe<void>()
    const interrupt = fiber.interruptUnsafe
    fiber.interruptUnsafe = () => void Deferred.doneUnsafe(requested, Effect.void)
    return Effect.ensuring(
      run(Deferred.await(requested)),
      Effect.sync(() => {
        fiber.interruptUnsafe = interrupt
      })
    )
  })

const info = (message: string) => SafeTelemetry.protect(Effect.logInfo(message))

/**
 * Runs an application until it is asked to stop or a domain escalates, then ends it in order. Use it as the main effect
 * of a process, `NodeRuntime.runMain(Thunderline.launch(Main))`: SIGINT and SIGTERM end it with exit code 0, an escalation
 * with 70, a failure to start with 1. Where the program goes on after the application, build the layer instead, and wait
 * for `Thunderline.awaitEscalation`.
 *
 * The end of all layers of the application, its own included, takes at most the `shutdownTimeout` of `Thunderline.layer`
 * (default 25 seconds). What has not ended then is abandoned, which is logged at ERROR and leaves the exit code as it is.
 *
 * The fiber that runs it cannot be interrupted: a request to interrupt it ends the application, and the effect succeeds.
 */
export const launch = <A, E, R>(
  app: Layer.Layer<A | Escalation, E, R>
): Effect.Effect<void, E | Escalated, R> =>
  onInterruptRequest((requested) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      let limit = yield* ShutdownLimit.CurrentLimit
      // Detached: what does not end when it is interrupted must not keep this fiber.
      const running = yield* Effect.forkDetach(
        Effect.gen(function*() {
          const context = yield* Layer.buildWithScope(app, scope)
          limit = Context.get(context, ShutdownLimit.CurrentLimit)
          return yield* Context.get(context, Escalation).await
        }),
        { startImmediately: true }
      )
      const exit = yield* Effect.raceFirst(Fiber.await(running), Effect.as(requested, undefined))
      if (exit === undefined) yield* info("[Thunderline] Shutting down")
      else if (Exit.isSuccess(exit)) {
        yield* SafeTelemetry.protect(Effect.logError(`[Thunderline] Shutting down: ${exit.value.message}`))
      }
      const ended = Effect.andThen(
        Fiber.interrupt(running),
        Scope.close(scope, exit === undefined ? Exit.void : Exit.asVoid(exit))
      )
      yield* ShutdownLimit.end(ended, limit)
      if (exit === undefined) return yield* info("[Thunderline] Stopped")
      const escalated = yield* exit
      yield* info("[Thunderline] Stopped")
      return yield* escalated
    })
  )
