/** How long an application's shutdown may take, and what of it has not ended: nothing is waited for without end. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as SafeTelemetry from "../telemetry/SafeTelemetry.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"

/** How long the shutdown of an application may take, and the stages of it that are open. */
export interface ShutdownLimit {
  readonly timeout: Duration.Duration
  /** From the first that ends to the last. */
  readonly open: Set<string>
}

/** A limit without any stage yet (default 25 seconds: Kubernetes kills after 30). */
export const make = (timeout: Duration.Input = "25 seconds"): ShutdownLimit => ({
  timeout: Duration.fromInputUnsafe(timeout),
  open: new Set()
})

/** The limit of the application that a layer has built; around `launch`, the limit until it is built. */
export const CurrentLimit = Context.Reference<ShutdownLimit>("thunderline/ShutdownLimit", {
  defaultValue: () => make()
})

/**
 * Runs the end of something for at most as long as the limit says. What has not ended then goes on alone; its stages are
 * named in a line at ERROR.
 */
export const end = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  { open, timeout }: ShutdownLimit
): Effect.Effect<void, E, R> =>
  Effect.gen(function*() {
    const ending = yield* Effect.forkDetach(effect, { startImmediately: true })
    const ended = yield* Effect.timeoutOption(Fiber.await(ending), timeout)
    if (Option.isSome(ended)) return Exit.isSuccess(ended.value) ? undefined : yield* ended.value
    const left = open.size === 0 ? "a layer of the app's own" : Array.from(open).toReversed().join(", ")
    yield* Effect.logError(
      `[Thunderline] Shutdown exceeded shutdownTimeout (${Duration.format(timeout)}); abandoned: ${left}`
    ).pipe(Telemetry.event("thunderline.shutdown.abandoned", { abandoned: left }), SafeTelemetry.protect)
  })

/** The same layer, with its end run by another effect around it. */
const ending = <A, E, R>(
  layer: Layer.Layer<A, E, R>,
  run: (end: Effect.Effect<void>) => Effect.Effect<void>,
  began: () => void
): Layer.Layer<A, E, R> =>
  Layer.fromBuild((memoMap, scope) =>
    Effect.contextWith((context: Context.Context<never>) => {
      const inner = Scope.makeUnsafe()
      began()
      return Scope.addFinalizerExit(
        scope,
        (exit) => Effect.provideContext(run(Scope.close(inner, exit)), context)
      ).pipe(
        Effect.andThen(Layer.buildWithMemoMap(layer, memoMap, inner)),
        Effect.map((built) => Context.omit(Layer.CurrentMemoMap)(built) as Context.Context<A>)
      )
    })
  )

/** Makes a layer a stage of the shutdown, with a name. */
export const stage = (name: string, { open }: ShutdownLimit) => <A, E, R>(layer: Layer.Layer<A, E, R>) =>
  ending(layer, (end) => Effect.ensuring(end, Effect.sync(() => open.delete(name))), () => open.add(name))

/** Lets a layer's end take at most as long as the limit says. */
export const within = (limit: ShutdownLimit) => <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
  ending(Layer.merge(layer, Layer.succeed(CurrentLimit, limit)), (closing) => end(closing, limit), () => {})
