import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { vi } from "vitest"
import * as CauseText from "../../src/model/CauseText.ts"
import { maxCauseLength } from "../../src/model/DomainEvent.ts"
import * as SafeTelemetry from "../../src/telemetry/SafeTelemetry.ts"
import * as Telemetry from "../../src/telemetry/Telemetry.ts"
import * as Hostile from "../support/hostile.ts"

const no = (): never => {
  throw new Error("no")
}

const protectedBy = (layer: Layer.Layer<never>) => SafeTelemetry.layer().pipe(Layer.provide(layer))

/** Runs something with the console's errors caught. */
const quietly = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => vi.spyOn(console, "error").mockReturnValue(undefined)),
    (spy) => Effect.map(effect, (value) => ({ value, told: spy.mock.calls.map(([line]) => String(line)) })),
    (spy) => Effect.sync(() => spy.mockRestore())
  )

describe("a logger", () => {
  it.effect("that throws fails no log call, keeps no line from the others, and is told of once", () =>
    Effect.gen(function*() {
      const lines: Array<unknown> = []
      const loggers = Logger.layer([Logger.make(no), Logger.make(({ message }) => void lines.push(message))])
      const logged = Effect.andThen(Effect.log("one"), Effect.log("two"))
      const { told } = yield* quietly(Effect.provide(logged, protectedBy(loggers)))
      assert.deepStrictEqual(lines, [["one"], ["two"]])
      assert.deepStrictEqual(told, ["[Thunderline] A logger threw, and a line is lost: no"])
    }))

  it.effect("of users gets an error whose stack is the text of the cause", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const loggers = Logger.layer([Logger.make(({ cause }) => void seen.push(Cause.squash(cause)))])
      const causes = Object.values(Hostile.small).map((make) => Cause.fail(make()))
      yield* Effect.forEach(causes, (cause) => Effect.logError("Crashed", cause)).pipe(
        Effect.provide(protectedBy(loggers))
      )
      const words = (text: string | undefined) => text?.split(/\s+/)
      assert.deepStrictEqual(
        seen.map((error) => words((error as Error).stack)),
        causes.map((cause) => words(CauseText.render(cause)))
      )
    }))

  it.effect.each(Object.entries(Hostile.failures))(
    "of Effect's own writes a line with %s",
    ([_, make]) =>
      Effect.gen(function*() {
        const texts: Array<string> = []
        const loggers = Logger.layer(
          [Logger.formatJson, Logger.formatLogFmt, Logger.formatStructured].map((
            logger: Logger.Logger<unknown, unknown>
          ) => Logger.map(logger, (line) => void texts.push(typeof line === "string" ? line : JSON.stringify(line))))
        )
        yield* Effect.provide(Effect.logError("Crashed", Cause.die(make())), protectedBy(loggers))
        assert.lengthOf(texts, 3)
        // Escapes take up to six times the space.
        for (const text of texts) assert.isBelow(text.length, 6 * maxCauseLength + 1_000)
      })
  )

  it.effect("of Effect's own writes a hostile cause on the span as well", () =>
    Effect.gen(function*() {
      const span = Tracer.nativeTracer.span({
        name: "span",
        parent: Option.none(),
        annotations: Context.empty(),
        links: [],
        startTime: 0n,
        kind: "internal",
        root: true,
        sampled: true
      }) as Tracer.NativeSpan
      yield* Effect.logError("Crashed", Cause.fail(Hostile.failures["a revoked proxy"]!())).pipe(
        Effect.withParentSpan(span),
        Effect.provide(protectedBy(Logger.layer([Logger.tracerLogger])))
      )
      assert.include(String(span.events[0]?.[2]?.["effect.cause"]), "[message threw]")
    }))
})

/** A tracer of users', whose spans and itself throw where they are told to. */
const tracer = (throws: (method: string) => boolean, ended: Array<Exit.Exit<unknown, unknown>> = []) =>
  Tracer.make({
    span: (options) => {
      if (throws("span")) no()
      const span = new Tracer.NativeSpan(options)
      return Object.assign(Object.create(span), {
        end: (at: bigint, exit: Exit.Exit<unknown, unknown>) => {
          if (throws("end")) no()
          ended.push(exit)
          span.end(at, exit)
        },
        attribute: (key: string, value: unknown) => throws("attribute") ? no() : span.attribute(key, value),
        event: (name: string, at: bigint) => throws("event") ? no() : span.event(name, at),
        addLinks: (links: ReadonlyArray<Tracer.SpanLink>) => throws("addLinks") ? no() : span.addLinks(links)
      })
    }
  })

const traced = Effect.gen(function*() {
  yield* Effect.annotateCurrentSpan("key", "value")
  const span = yield* Effect.currentSpan
  span.event("event", 1n)
  span.addLinks([])
  return span
}).pipe(Effect.withSpan("traced"))

describe("a tracer", () => {
  it.effect.each(["span", "end", "attribute", "event", "addLinks"])(
    "that throws in %s fails nothing",
    (method) =>
      Effect.gen(function*() {
        const layer = protectedBy(Layer.succeed(Tracer.Tracer, tracer((at) => at === method)))
        const span = yield* Effect.provide(traced, layer)
        assert.strictEqual(span.sampled, method !== "span")
        assert.match(span.traceId, /^[0-9a-f]{32}$/)
      })
  )

  it.effect("that makes no proper span is replaced for that span", () =>
    Effect.gen(function*() {
      const spans = [undefined, {}, Hostile.failures["a proxy that throws"]!(), { traceId: 1, spanId: 2 }]
      for (const given of spans) {
        const layer = protectedBy(Layer.succeed(Tracer.Tracer, Tracer.make({ span: () => given as never })))
        assert.isFalse((yield* Effect.provide(traced, layer)).sampled)
      }
    }))

  it.effect("gets an exit that can be rendered, and its own spans back as parents", () =>
    Effect.gen(function*() {
      const ended: Array<Exit.Exit<unknown, unknown>> = []
      const layer = protectedBy(Layer.succeed(Tracer.Tracer, tracer(() => false, ended)))
      const error = Hostile.failures["a message that throws"]!()
      yield* Effect.die(error).pipe(
        Effect.withSpan("child"),
        Effect.withSpan("parent"),
        Effect.exit,
        Effect.provide(layer)
      )
      assert.lengthOf(ended, 2)
      for (const exit of ended) {
        assert.include(Cause.pretty(Exit.isFailure(exit) ? exit.cause : Cause.empty), "[message threw]")
      }
    }))
})

describe("the layer", () => {
  it.effect("gives the code of domains its own tracer back", () =>
    Effect.gen(function*() {
      const own = tracer(() => false)
      const inside = yield* Effect.context<never>().pipe(
        Effect.provide(protectedBy(Layer.succeed(Tracer.Tracer, own)))
      )
      const restored = SafeTelemetry.restore(inside)
      assert.notStrictEqual(Context.get(inside, Tracer.Tracer), own)
      assert.strictEqual(Context.get(restored, Tracer.Tracer), own)
      assert.strictEqual(SafeTelemetry.restore(Context.empty()), Context.empty())
    }))

  it.effect("makes nothing safe twice", () =>
    Effect.gen(function*() {
      const own = tracer(() => false)
      const given = Layer.merge(Logger.layer([Logger.make(() => {})]), Layer.succeed(Tracer.Tracer, own))
      const get = Effect.all([Tracer.Tracer, References.CurrentLoggers])
      const [once, loggersOnce] = yield* Effect.provide(get, protectedBy(given))
      const [twice, loggersTwice] = yield* Effect.provide(get, protectedBy(protectedBy(given)))
      assert.strictEqual(once, twice)
      assert.deepStrictEqual(loggersOnce, loggersTwice)
    }))

  it.effect("lets fibers be counted by what throws", () =>
    Effect.gen(function*() {
      const metrics = Layer.succeed(Metric.FiberRuntimeMetrics, { recordFiberStart: no, recordFiberEnd: no })
      assert.strictEqual(
        yield* Effect.provide(
          Effect.forkChild(Effect.succeed(1)).pipe(Effect.flatMap(Fiber.join)),
          protectedBy(metrics)
        ),
        1
      )
    }))
})

describe("a metric", () => {
  it("whose registry throws is not updated, and nothing fails", () => {
    const context = Context.make(Metric.MetricRegistry, Hostile.failures["a proxy that throws"]!() as never)
    Telemetry.update(Telemetry.counter("thunderline.ticks"), 1, context)
  })
})
