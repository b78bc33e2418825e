import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { createServer } from "node:http"
import { TickGenerator } from "../../src/heartbeat/TickGenerator.ts"
import * as Domain from "../../src/model/Domain.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import { awaitStates, tick } from "../support/app.ts"
import { settle } from "../support/awaitState.ts"

interface Line {
  readonly text: string
  readonly tick: unknown
  readonly domain: unknown
  readonly span: Tracer.AnySpan | undefined
}

/** The spans and the log lines of an application; a tracer that samples activations or not, or none at all. */
const recording = (tracing: "sampled" | "unsampled" | "native" = "sampled") => {
  const spans: Array<Tracer.Span> = []
  const lines: Array<Line> = []
  const tracer = Tracer.make({
    span: (options) => {
      const sampled = options.sampled && (tracing === "sampled" || options.name !== "Domain.activate")
      const span = new Tracer.NativeSpan({ ...options, sampled })
      spans.push(span)
      return span
    }
  })
  const logger = Logger.make<unknown, void>(({ fiber, message }) => {
    const { domain, tick } = fiber.getRef(References.CurrentLogAnnotations)
    lines.push({ text: String(message), domain, tick, span: Context.getOrUndefined(fiber.context, Tracer.ParentSpan) })
  })
  return {
    layer: Layer.merge(
      Logger.layer([logger]),
      tracing === "native" ? Layer.empty : Layer.succeed(Tracer.Tracer, tracer)
    ),
    span: (name: string) => spans.find((span) => span.name === name)!,
    spans: (name: string) => spans.filter((span) => span.name === name),
    line: (text: string) => lines.find((line) => line.text === text)!
  }
}

/** An application in which what domains say and trace is recorded. */
const app = <Domains extends ReadonlyArray<Domain.Any>>(recorded: Layer.Layer<never>, ...domains: Domains) =>
  Layer.provideMerge(Thunderline.layerTest({ domains }), recorded)

const parentOf = (span: Tracer.Span) => Option.getOrUndefined(span.parent)?.spanId

describe("what is done in an activation", () => {
  it.effect("is in its trace and has its tick: the layer, what the layer forks, and onActivate", () =>
    Effect.gen(function*() {
      const { layer, line, span } = recording()
      const one = Domain.make("one", {
        layer: Layer.effectDiscard(Effect.gen(function*() {
          yield* Effect.log("bare")
          yield* Effect.log("inside").pipe(Effect.withSpan("inside"))
          yield* Effect.annotateCurrentSpan("built", "yes")
          yield* Effect.forkScoped(Effect.log("forked").pipe(Effect.withSpan("forked")))
          yield* Effect.yieldNow
        })).pipe(Layer.provide(Layer.effectDiscard(Effect.log("annotated").pipe(Effect.annotateLogs("more", 1))))),
        onActivate: () => Effect.log("activated").pipe(Effect.withSpan("onActivate"))
      })
      yield* Effect.gen(function*() {
        yield* tick
        yield* tick
        yield* awaitStates({ one: "active" })
      }).pipe(Effect.provide(app(layer, one)))
      const activation = span("Domain.activate")
      assert.strictEqual(activation.attributes.get("built"), "yes")
      for (const name of ["inside", "forked", "onActivate"]) assert.strictEqual(parentOf(span(name)), activation.spanId)
      for (const text of ["bare", "annotated", "inside", "forked", "activated"]) {
        const { domain, span, tick } = line(text)
        assert.deepStrictEqual([domain, tick, span?.traceId], ["one", 1, activation.traceId], text)
      }
    }))
})

/** A domain that forks everything that can be forked while it is built. */
const forking = Effect.gen(function*() {
  const go = yield* Deferred.make<void>()
  const later = (name: string) =>
    Effect.andThen(Deferred.await(go), Effect.log(`${name} bare`)).pipe(
      Effect.andThen(Effect.log(`${name} inside`).pipe(Effect.withSpan(name)))
    )
  const queue = yield* Queue.unbounded<string>()
  const captured = yield* Deferred.make<Context.Context<never>>()
  const layer = Effect.gen(function*() {
    yield* Effect.forkScoped(later("loop"))
    yield* Effect.forkDetach(later("detached"))
    yield* Effect.forkScoped(later("annotated").pipe(Effect.annotateLogs("module", "Poller")))
    yield* Effect.forkScoped(Stream.fromQueue(queue).pipe(Stream.runForEach(later)))
    yield* Effect.forkScoped(later("made")).pipe(Effect.withSpan("Poller.make"))
    yield* Effect.forkScoped(later("nested")).pipe(Effect.withSpan("Inner.make"), Effect.withSpan("Outer.make"))
    yield* Deferred.succeed(captured, yield* Effect.context<never>())
  })
  const names = ["loop", "detached", "annotated", "stream", "made", "nested", "captured"]
  return { go, later, queue, captured, layer: Layer.effectDiscard(layer), names }
})

describe("what is done after an activation", () => {
  it.effect.each(["sampled", "unsampled"] as const)(
    "is a trace of its own without its tick, wherever it was forked and under whichever ended span (%s activation)",
    (sampling) =>
      Effect.gen(function*() {
        const { layer, line, span } = recording(sampling)
        const { captured, go, later, layer: forks, names, queue } = yield* forking
        yield* Effect.gen(function*() {
          yield* tick
          yield* awaitStates({ one: "active" })
          Queue.offerUnsafe(queue, "stream")
          Deferred.doneUnsafe(go, Effect.void)
          Effect.runForkWith(yield* Deferred.await(captured))(later("captured"))
          yield* settle
        }).pipe(Effect.provide(app(layer, Domain.make("one", { layer: forks }))))
        const traces = new Set([span("Domain.activate").traceId])
        for (const name of names) {
          assert.isUndefined(parentOf(span(name)), name)
          assert.isTrue(span(name).sampled, name)
          assert.isFalse(traces.has(span(name).traceId), name)
          traces.add(span(name).traceId)
          const { span: bare, ...rest } = line(`${name} bare`)
          assert.deepStrictEqual(rest, { text: `${name} bare`, domain: "one", tick: undefined })
          assert.isUndefined(bare, name)
          const inside = line(`${name} inside`)
          assert.deepStrictEqual([inside.tick, inside.span?.spanId], [undefined, span(name).spanId])
        }
      })
  )

  it.effect("is in no trace where nothing is traced", () =>
    Effect.gen(function*() {
      const { layer, line } = recording("native")
      const { go, layer: forks } = yield* forking
      yield* Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ one: "active" })
        Deferred.doneUnsafe(go, Effect.void)
        yield* settle
      }).pipe(Effect.provide(app(layer, Domain.make("one", { layer: forks }))))
      for (const name of ["loop", "made", "nested"]) {
        assert.deepStrictEqual([line(`${name} bare`).span, line(`${name} bare`).tick], [undefined, undefined])
      }
    }))

  it.effect("stays under a span that was begun in the activation and is still open", () =>
    Effect.gen(function*() {
      const { layer, line, span } = recording()
      const open = Deferred.makeUnsafe<void>()
      const one = Domain.make("one", {
        layer: Layer.effectDiscard(Effect.forkScoped(
          Effect.andThen(Deferred.await(open), Effect.log("step")).pipe(
            Effect.andThen(Effect.void.pipe(Effect.withSpan("step"))),
            Effect.withSpan("warm-up")
          ),
          { startImmediately: true }
        ))
      })
      yield* Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ one: "active" })
        Deferred.doneUnsafe(open, Effect.void)
        yield* settle
      }).pipe(Effect.provide(app(layer, one)))
      assert.strictEqual(parentOf(span("warm-up")), span("Domain.activate").spanId)
      assert.strictEqual(parentOf(span("step")), span("warm-up").spanId)
      assert.deepStrictEqual([line("step").tick, line("step").span?.spanId], [undefined, span("warm-up").spanId])
    }))

  it.effect("is not part of an activation that failed, nor of one that exceeded its time-out and still runs", () =>
    Effect.gen(function*() {
      const { layer, line, span, spans } = recording()
      const asked = Deferred.makeUnsafe<void>()
      const after = (name: string) =>
        Effect.andThen(Deferred.await(asked), Effect.log(name).pipe(Effect.withSpan(name)))
      const failing = Domain.make("failing", {
        layer: Layer.effectDiscard(Effect.andThen(Effect.forkDetach(after("of failed")), Effect.fail("no"))),
        restart: "never"
      })
      const hanging = Domain.make("hanging", {
        layer: Layer.effectDiscard(Effect.uninterruptible(after("of hung"))),
        activationTimeout: "1 second",
        shutdownTimeout: "1 second",
        restart: "never"
      })
      yield* Effect.gen(function*() {
        yield* tick
        yield* TestClock.adjust("1 second")
        yield* awaitStates({ failing: "crashed", hanging: "crashed" })
        const ended = spans("Domain.activate").map(({ status }) => status._tag === "Ended" && status.exit._tag)
        assert.deepStrictEqual(ended, ["Failure", "Failure"])
        Deferred.doneUnsafe(asked, Effect.void)
        yield* settle
      }).pipe(Effect.provide(app(layer, failing, hanging)))
      for (const name of ["of failed", "of hung"]) {
        assert.isUndefined(parentOf(span(name)), name)
        assert.deepStrictEqual([line(name).tick, line(name).span?.spanId], [undefined, span(name).spanId])
      }
    }))

  it.live("is a root where it is a request to a server that the layer serves, also while the domain activates", () =>
    Effect.gen(function*() {
      const { layer, line, span } = recording()
      const ask = (path: string) =>
        HttpServer.HttpServer.use(({ address }) =>
          Effect.promise(() => fetch(`http://127.0.0.1:${"port" in address ? address.port : 0}${path}`))
        )
      const route = (path: "/early" | "/late") =>
        HttpRouter.add("GET", path, Effect.as(Effect.log(path), HttpServerResponse.text("ok")))
      const web = Domain.make("web", {
        layer: HttpRouter.serve(Layer.merge(route("/early"), route("/late")), { disableListenLog: true }).pipe(
          Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
        ),
        onActivate: () => ask("/early")
      })
      yield* Effect.gen(function*() {
        yield* TickGenerator.use(({ emit }) => emit)
        yield* Domain.use(web, ask("/late"))
      }).pipe(Effect.provide(app(layer, web)))
      assert.isUndefined(line("/late").tick)
      assert.strictEqual(line("/late").domain, "web")
      for (const path of ["/early", "/late"]) {
        const request = line(path).span as Tracer.Span
        assert.isUndefined(parentOf(request), path)
        assert.strictEqual(request.kind, "server")
        assert.notStrictEqual(request.traceId, span("Domain.activate").traceId)
      }
    }))
})
