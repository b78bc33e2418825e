/**
 * Loggers, tracers and metrics that never throw, made of users' own. Use `layer` around everything of Thunderline's that
 * logs or makes spans, and `protect` around what does so in a caller's fiber. Code of domains gets its own tracer back.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Tracer from "effect/Tracer"
import * as CauseText from "../model/CauseText.ts"
import { attempt } from "../model/ForeignValue.ts"

/** Every safe one, by what it was made of, and by itself. */
const loggers = new WeakMap<Logger.Logger<unknown, unknown>, Logger.Logger<unknown, unknown>>()
const tracers = new WeakMap<Tracer.Tracer, Tracer.Tracer>()

const makeLogger = (given: Logger.Logger<unknown, unknown>): Logger.Logger<unknown, unknown> => {
  let told = false
  return Logger.make((options) => {
    const { cause } = options
    try {
      return given.log(cause.reasons.length === 0 ? options : { ...options, cause: CauseText.plain(cause) })
    } catch (error) {
      if (told) return
      told = true
      // No other logger may be installed.
      console.error(`[Thunderline] A logger threw, and a line is lost: ${CauseText.toError(error).message}`)
    }
  })
}

/** The same logger: it gets causes that can be rendered, and a line that it throws at is lost. */
export const logger = (given: Logger.Logger<unknown, unknown>): Logger.Logger<unknown, unknown> => {
  let safe = loggers.get(given)
  if (safe === undefined) {
    safe = makeLogger(given)
    loggers.set(given, safe).set(safe, safe)
  }
  return safe
}

const plainExit = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> =>
  Exit.isFailure(exit) ? Exit.failCause(CauseText.plain(exit.cause)) : exit

/** Marks a span that is safe already: a tracer may give it out again. */
const guarded = Symbol("thunderline/SafeTelemetry/guarded")

/** Replaces the methods of a span by ones that never throw. It stays the same object, which a tracer may look for. */
const guard = (span: Tracer.Span & { [guarded]?: true }): Tracer.Span => {
  if (span[guarded] === true) return span
  const { addLinks, attribute, end, event, spanId, traceId } = span
  if (typeof traceId !== "string" || typeof spanId !== "string") throw new TypeError("A span without ids")
  span.end = (at, exit) => attempt(() => end.call(span, at, plainExit(exit)), undefined)
  span.attribute = (key, value) => attempt(() => attribute.call(span, key, value), undefined)
  span.event = (name, at, attributes) => attempt(() => event.call(span, name, at, attributes), undefined)
  span.addLinks = (links) => attempt(() => addLinks.call(span, links), undefined)
  span[guarded] = true
  return span
}

/** The same tracer: a span that it does not make is made by Effect's own, and is not exported. */
export const tracer = (given: Tracer.Tracer): Tracer.Tracer => {
  if (given === Tracer.nativeTracer) return given
  let safe = tracers.get(given)
  if (safe === undefined) {
    safe = Tracer.make({
      span: (options) =>
        attempt(() => guard(given.span(options)), undefined) ??
          Tracer.nativeTracer.span({ ...options, sampled: false })
    })
    tracers.set(given, safe).set(safe, safe)
  }
  return safe
}

const safeMetrics = (given: Metric.FiberRuntimeMetricsService): Metric.FiberRuntimeMetricsService => ({
  recordFiberStart: (context) => attempt(() => given.recordFiberStart(context), undefined),
  recordFiberEnd: (context, exit) => attempt(() => given.recordFiberEnd(context, exit), undefined)
})

const safeAttributes = (given: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  attempt(() => Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)])), {})

/** The tracer of users' own. It knows what Effect runs, which a safe one does not. */
const GivenTracer = Context.Reference<Tracer.Tracer | undefined>("thunderline/SafeTelemetry/GivenTracer", {
  defaultValue: () => undefined
})

/** The loggers, the tracer and the settings of metrics of a context, made safe. */
const safe = (context: Context.Context<never>): Context.Context<never> => {
  const attributes = Context.getOrUndefined(context, Metric.CurrentMetricAttributes)
  const fibers = Context.getOrUndefined(context, Metric.FiberRuntimeMetrics)
  const own = Context.getOrUndefined(context, Tracer.Tracer)
  return Context.make(
    Logger.CurrentLoggers,
    new Set(Array.from(Context.get(context, Logger.CurrentLoggers), logger))
  ).pipe(
    (made) =>
      own === undefined
        ? made
        : Context.add(made, Tracer.Tracer, tracer(own)).pipe(Context.add(GivenTracer, own)),
    (made) => fibers === undefined ? made : Context.add(made, Metric.FiberRuntimeMetrics, safeMetrics(fibers)),
    (made) =>
      attributes === undefined ? made : Context.add(made, Metric.CurrentMetricAttributes, safeAttributes(attributes))
  )
}

/** Makes what the application is given safe, for everything that is built with it. */
export const layer = (): Layer.Layer<never> => Layer.effectContext(Effect.map(Effect.context<never>(), safe))

/** Runs an effect of Thunderline's in a caller's fiber. */
export const protect = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.updateContext(effect, (context: Context.Context<R>) => Context.merge(context, safe(context)))

/** The context with users' own tracer, for code of theirs. */
export const restore = (context: Context.Context<never>): Context.Context<never> => {
  const own = Context.get(context, GivenTracer)
  return own === undefined ? context : Context.add(context, Tracer.Tracer, own)
}
