import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"

/** The activation in which a fiber was forked or a context was captured. */
const CurrentActivation = Context.Reference<ActivationTrace | undefined>("thunderline/ActivationTrace", {
  defaultValue: () => undefined
})

/** What a span of an activation has besides: the activation, and the span itself as the tracer made it. */
const Shown = Symbol("thunderline/ActivationTrace/Shown")

type Shown = Tracer.AnySpan & { readonly [Shown]?: { readonly trace: ActivationTrace; readonly span: Tracer.Span } }

/**
 * The span and the tick of an activation, for as long as the activation lasts.
 *
 * Servers, loops and streams keep the context that they were built in. What they do once the activation has ended is not
 * part of it: their spans begin traces of their own, and their log lines have neither its tick nor its span. A span that
 * was begun in the activation and is still open stays a parent.
 */
export class ActivationTrace {
  readonly span: Tracer.Span
  readonly tick: number
  private ended = false

  constructor(span: Tracer.Span, tick: number) {
    this.span = span
    this.tick = tick
  }

  /** Whether the activation lasts. */
  get isOpen(): boolean {
    return !this.ended
  }

  /** Ends the activation and its span, once. */
  end(time: bigint, exit: Exit.Exit<unknown, unknown>): void {
    if (this.ended) return
    this.ended = true
    this.span.end(time, exit)
  }

  /** Runs an effect as part of the activation. */
  run<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return effect.pipe(
      Effect.provideService(Tracer.ParentSpan, this.show(this.span, Option.none())),
      Effect.provideService(CurrentActivation, this)
    )
  }

  /** A span of the activation that is nobody's parent any more when both have ended. */
  show(span: Tracer.Span, parent: Option.Option<Tracer.AnySpan>): Tracer.Span {
    return new Proxy(span, {
      get: (_, key) => {
        if (key === Shown) return { trace: this, span }
        if (key === "parent") return parent
        if (key === "annotations" && this.hides(span)) {
          return Context.add(span.annotations, Tracer.DisablePropagation, true)
        }
        const value = Reflect.get(span, key)
        return typeof value === "function" ? value.bind(span) : value
      }
    })
  }

  /** Whether the activation has ended, and the span is one of it and has ended as well. */
  hides(span: Tracer.AnySpan): boolean {
    return this.ended && span._tag === "Span" && span.status._tag === "Ended" && span.traceId === this.span.traceId
  }
}

/** The application's tracer; it shows the spans that are begun in an activation as part of it. */
const inActivations = (tracer: Tracer.Tracer): Tracer.Tracer =>
  Tracer.make({
    context: tracer.context,
    span: (options) => {
      const parent = Option.isSome(options.parent) ? (options.parent.value as Shown)[Shown] : undefined
      if (parent === undefined) return tracer.span(options)
      // A request that comes while its server's domain is still activating.
      if (options.kind === "server") return tracer.span({ ...options, parent: Option.none(), root: true })
      return parent.trace.show(tracer.span({ ...options, parent: Option.some(parent.span) }), options.parent)
    }
  })

/** What a log line of a fiber shows: the tick of an activation that lasts, no span of one that has ended. */
const contextOfLine = (fiber: Fiber.Fiber<unknown, unknown>): Context.Context<never> => {
  const { context } = fiber
  const activation = Context.get(context, CurrentActivation)
  if (activation === undefined) return context
  if (activation.isOpen) {
    const annotations = Context.get(context, References.CurrentLogAnnotations)
    if ("tick" in annotations) return context
    return Context.add(context, References.CurrentLogAnnotations, { ...annotations, tick: activation.tick })
  }
  let span = Context.getOrUndefined(context, Tracer.ParentSpan)
  if (span === undefined || !activation.hides(span)) return context
  while (span !== undefined && activation.hides(span)) {
    span = span._tag === "Span" ? Option.getOrUndefined(span.parent) : undefined
  }
  return span === undefined ? Context.omit(Tracer.ParentSpan)(context) : Context.add(context, Tracer.ParentSpan, span)
}

/** The application's loggers as one. */
const ofLines = (loggers: ReadonlySet<Logger.Logger<unknown, unknown>>): Logger.Logger<unknown, void> =>
  Logger.make((options) => {
    const { fiber } = options
    const { context } = fiber
    const shown = contextOfLine(fiber)
    if (shown !== context) fiber.setContext(shown)
    try {
      for (const logger of loggers) logger.log(options)
    } finally {
      if (shown !== context) fiber.setContext(context)
    }
  })

/** A context for domains, in which what their services do after an activation does not appear as part of it. */
export const install = (context: Context.Context<never>): Context.Context<never> => {
  const tracer = Context.get(context, Tracer.Tracer)
  const loggers = Context.get(context, Logger.CurrentLoggers)
  // Spans without a backend are not observable, and servers make none as long as nothing is installed.
  const traced = tracer === Tracer.nativeTracer ? context : Context.add(context, Tracer.Tracer, inActivations(tracer))
  return loggers.size === 0 ? traced : Context.add(traced, Logger.CurrentLoggers, new Set([ofLines(loggers)]))
}
