import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import { type Escalated, Escalation } from "../model/Escalation.ts"

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

/**
 * Runs an application until it is asked to stop or a domain escalates, then ends it in order. Use it as the main effect
 * of a process, `NodeRuntime.runMain(Thunderline.launch(Main))`: SIGINT and SIGTERM end it with exit code 0, an escalation
 * with 70, a failure to start with 1. Where the program goes on after the application, build the layer instead, and wait
 * for `Thunderline.awaitEscalation`.
 *
 * The fiber that runs it cannot be interrupted: a request to interrupt it ends the application, and the effect succeeds.
 */
export const launch = <A, E, R>(
  app: Layer.Layer<A | Escalation, E, R>
): Effect.Effect<void, E | Escalated, R> =>
  onInterruptRequest((requested) =>
    Effect.gen(function*() {
      const escalated = yield* Escalation.use((escalation) => escalation.await).pipe(
        Effect.tap((escalated) => Effect.logError(`[Thunderline] Shutting down: ${escalated.message}`)),
        Effect.provide(app),
        Effect.raceFirst(Effect.andThen(requested, Effect.logInfo("[Thunderline] Shutting down")))
      )
      yield* Effect.logInfo("[Thunderline] Stopped")
      if (escalated !== undefined) return yield* escalated
    })
  )
