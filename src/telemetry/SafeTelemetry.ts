/**
 * Loggers, tracers and metrics that never throw, made of users' own. Use `layer` around everything of Thunderline's that
 * logs or makes spans, and `protect` around what does so in a caller's fiber. Code of a domain keeps what it was given.
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
      // Another logger may not be there.
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

/** The same span, whose methods never throw; what else it has is read from it. */
const safeSpan = (span: Tracer.Span): Tracer.Span => {
  const { sampled, spanId, traceId } = span
  if (typeof traceId !== "string" || typeof spanId !== "string") throw new TypeError("A span without ids")
  const methods: Pick<
    Tracer.Span,
    "_tag" | "addLinks" | "attribute" | "end" | "event" | "sampled" | "spanId" | "traceId"
  > = {
    _tag: "Span",
    traceId,
    spanId,
    sampled: sampled === true,
    end: (at, exit) => attempt(() => span.end(at, plainExit(exit)), undefined),
    attribute: (key, value) => attempt(() => span.attribute(key, value), undefined),
    event: (name, at, attributes) => attempt(() => span.event(name, at, attributes), undefined),
    addLinks: (links) => attempt(() => span.addLinks(links), undefined)
  }
  return Object.create(span, Object.getOwnPropertyDescriptors(methods))
}

/** The same tracer: a span that it does not make is made by Effect's own, and is not exported. */
export const tracer = (given: Tracer.Tracer): Tracer.Tracer => {
  if (given === Tracer.nativeTracer) return given
  let safe = tracers.get(given)
  if (safe === undefined) {
    safe = Tracer.make({
      span: (options) =>
        attempt(() => safeSpan(given.span(options)), undefined) ??
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

/** What users' own were, for what runs users' code. */
const Given = Context.Reference<Context.Context<never>>("thunderline/SafeTelemetry/Given", {
  defaultValue: Context.empty
})

/** The loggers, the tracer and the settings of metrics of a context, made safe. */
const safe = (context: Context.Context<never>): Context.Context<never> => {
  const given = Context.make(Logger.CurrentLoggers, Context.get(context, Logger.CurrentLoggers))
  const set = new Set(Array.from(Context.get(given, Logger.CurrentLoggers), logger))
  const attributes = Context.getOrUndefined(context, Metric.CurrentMetricAttributes)
  const fibers = Context.getOrUndefined(context, Metric.FiberRuntimeMetrics)
  const own = Context.getOrUndefined(context, Tracer.Tracer)
  return Context.make(Logger.CurrentLoggers, set).pipe(
    Context.add(Given, own === undefined ? given : Context.add(given, Tracer.Tracer, own)),
    (made) => own === undefined ? made : Context.add(made, Tracer.Tracer, tracer(own)),
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

/** The context with users' own loggers and tracer, for code of theirs. */
export const restore = (context: Context.Context<never>): Context.Context<never> =>
  Context.merge(context, Context.get(context, Given))
