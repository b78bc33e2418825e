import * as Cache from "effect/Cache"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as LayerMap from "effect/LayerMap"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Pool from "effect/Pool"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as RcMap from "effect/RcMap"
import * as RcRef from "effect/RcRef"
import * as Request from "effect/Request"
import * as RequestResolver from "effect/RequestResolver"
import * as Resource from "effect/Resource"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as ScopedCache from "effect/ScopedCache"
import * as Stream from "effect/Stream"
import * as Domain from "../../src/model/Domain.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import type { Verdict } from "./forkGrammar.ts"

/** What a layer does while it is built, and what a service method of it does later. */
type Make = Effect.Effect<Effect.Effect<unknown, unknown> | void, unknown, Scope.Scope>

const failing = Effect.andThen(Effect.sleep("10 millis"), Effect.fail("no"))
const exits = Effect.exit

class Tenant extends Context.Service<Tenant, { readonly id: string }>()("test/Tenant") {}

class Tenants extends LayerMap.Service<Tenants>()("test/Tenants", {
  lookup: (id: string) => Layer.effect(Tenant)(Effect.andThen(Effect.sleep("5 millis"), Effect.fail(`no ${id}`)))
}) {}

class Find extends Request.TaggedClass("Find")<{ readonly id: number }, string, string> {}
const resolver = RequestResolver.make<Find>((entries) =>
  Effect.forEach(entries, (entry) => Effect.sync(() => entry.completeUnsafe(Exit.fail("no"))), { discard: true })
)
const dyingResolver = RequestResolver.make<Find>(() => Effect.die("no"))

const stream = Stream.concat(Stream.make(1), Stream.fromEffect(failing))

/** Runs an effect in a scope that is closed when it has ended, and catches its failure. */
const ownScope = (effect: Effect.Effect<unknown, unknown, Scope.Scope>): Make =>
  Effect.asVoid(exits(Effect.scoped(effect)))

class Boom extends Data.TaggedError("Boom")<{}> {}

/** Each construct of Effect that forks, handled in a request or not handled at all. */
export const constructs: Record<string, readonly [Make, Verdict]> = {
  "forkScoped, joined and caught in a request": [
    Effect.succeed(Effect.scoped(Effect.flatMap(Effect.forkScoped(failing), (fiber) => exits(Fiber.join(fiber))))),
    "quiet"
  ],
  "forkScoped of the build, joined by a request that waits": [
    Effect.map(Effect.forkScoped(Effect.andThen(Effect.sleep("1 minute"), Effect.void)), (fiber) => Fiber.join(fiber)),
    "quiet"
  ],
  "forkScoped of the build": [Effect.asVoid(Effect.forkScoped(failing)), "crash"],
  "a method that forks into its layer's scope": [
    Effect.map(Effect.scope, (scope) => Effect.forkIn(failing, scope)),
    "crash"
  ],
  "Effect.all with concurrency, caught": [
    Effect.succeed(exits(Effect.all([failing, Effect.never, failing], { concurrency: "unbounded" }))),
    "quiet"
  ],
  "Effect.race, caught": [Effect.succeed(exits(Effect.race(failing, failing))), "quiet"],
  "Effect.timeout, caught": [Effect.succeed(exits(Effect.timeout(Effect.never, "5 millis"))), "quiet"],
  "Effect.cached, caught": [
    Effect.map(Effect.cached(failing), (cached) => exits(cached)),
    "quiet"
  ],
  "Effect.cachedWithTTL, caught by several": [
    Effect.map(
      Effect.cachedWithTTL(failing, "1 second"),
      (cached) => Effect.all([exits(cached), exits(cached)], { concurrency: 2 })
    ),
    "quiet"
  ],
  "RcMap.get, caught": [
    Effect.map(
      RcMap.make({ lookup: (_: string) => failing }),
      (map) => exits(Effect.scoped(RcMap.get(map, "unknown")))
    ),
    "quiet"
  ],
  "RcMap.get that fails at once, caught": [
    Effect.map(
      RcMap.make({ lookup: (_: string) => Effect.fail("no") }),
      (map) => exits(Effect.scoped(RcMap.get(map, "unknown")))
    ),
    "quiet"
  ],
  "RcRef.get, caught": [
    Effect.map(RcRef.make({ acquire: failing }), (ref) => exits(Effect.scoped(RcRef.get(ref)))),
    "quiet"
  ],
  "LayerMap.get, caught": [
    Effect.map(
      Layer.build(Tenants.layer),
      (context) =>
        exits(Effect.scoped(
          Effect.flatMap(Tenants.contextEffect("unknown"), () => Effect.void)
        )).pipe(Effect.provideContext(context))
    ),
    "quiet"
  ],
  "Pool.get, caught": [
    Effect.map(
      Pool.make({ acquire: failing, size: 2 }),
      (pool) => exits(Effect.scoped(Pool.get(pool)))
    ),
    "quiet"
  ],
  "Cache.get, caught": [
    Effect.map(Cache.make({ capacity: 10, lookup: (_: string) => failing }), (cache) => exits(Cache.get(cache, "x"))),
    "quiet"
  ],
  // The fiber of the look-up hands its failure on before it fails, which cannot be seen.
  "ScopedCache.get, caught": [
    Effect.map(
      ScopedCache.make({ capacity: 10, lookup: (_: string) => failing }),
      (cache) => exits(ScopedCache.get(cache, "x"))
    ),
    "logged"
  ],
  "Resource.auto whose refresh fails": [
    Effect.gen(function*() {
      let loads = 0
      const resource = yield* Resource.auto(
        Effect.suspend(() => (loads++ === 0 ? Effect.succeed(1) : Effect.fail("no"))),
        Schedule.spaced("10 millis")
      )
      return exits(Resource.get(resource))
    }),
    "quiet"
  ],
  "a request that its resolver fails, caught": [
    Effect.succeed(exits(Effect.request(new Find({ id: 1 }), resolver))),
    "quiet"
  ],
  // So does the fiber of a batch.
  "a resolver that dies, caught": [
    Effect.succeed(exits(Effect.request(new Find({ id: 1 }), dyingResolver))),
    "logged"
  ],
  "a stream run in a request, caught": [
    Effect.succeed(exits(Stream.runDrain(Stream.mapEffect(stream, () => failing, { concurrency: 4 })))),
    "quiet"
  ],
  "a stream merged, buffered and grouped in a request, caught": [
    Effect.succeed(
      exits(
        Stream.runDrain(
          Stream.merge(stream, Stream.buffer(stream, { capacity: 4 })).pipe(Stream.groupedWithin(2, "5 millis"))
        )
      )
    ),
    "quiet"
  ],
  "Stream.toQueue in a request, caught": [
    Effect.succeed(Effect.scoped(
      Effect.flatMap(Stream.toQueue(stream, { capacity: 4 }), (queue) => exits(Effect.forever(Queue.take(queue))))
    )),
    "quiet"
  ],
  "Stream.toPubSub in a request": [
    Effect.succeed(Effect.scoped(
      Effect.flatMap(
        Stream.toPubSub(stream, { capacity: 4 }),
        (pubsub) =>
          Effect.flatMap(
            PubSub.subscribe(pubsub),
            (subscription) => Effect.timeoutOption(exits(PubSub.take(subscription)), "50 millis")
          )
      )
    )),
    "quiet"
  ],
  "Stream.broadcast in a request, caught": [
    Effect.succeed(Effect.scoped(
      Effect.flatMap(
        Stream.broadcast(stream, { capacity: 4 }),
        (shared) => Effect.all([exits(Stream.runDrain(shared)), exits(Stream.runDrain(shared))], { concurrency: 2 })
      )
    )),
    "quiet"
  ],
  "Stream.share in a request, caught": [
    Effect.succeed(Effect.scoped(
      Effect.flatMap(Stream.share(stream, { capacity: 4 }), (shared) => exits(Stream.runDrain(shared)))
    )),
    "quiet"
  ],
  "Stream.toPull in a request, caught": [
    Effect.succeed(Effect.scoped(
      Effect.flatMap(Stream.toPull(Stream.buffer(stream, { capacity: 4 })), (pull) => exits(Effect.forever(pull)))
    )),
    "quiet"
  ],
  "a stream that the build runs in its scope": [
    Effect.asVoid(Effect.forkScoped(Stream.runDrain(stream))),
    "crash"
  ],
  "Stream.toAsyncIterable in a request, caught": [
    Effect.succeed(
      exits(Effect.tryPromise(async () => {
        for await (const _ of Stream.toAsyncIterable(stream)) void _
      }))
    ),
    "quiet"
  ],
  "Layer.launch in a request, caught": [
    Effect.succeed(exits(Layer.launch(Layer.effectDiscard(failing)))),
    "quiet"
  ],
  "Layer.launch forked by the build": [
    Effect.asVoid(Effect.forkScoped(Layer.launch(Layer.effectDiscard(failing)))),
    "crash"
  ],
  "Effect.provide of a layer that fails, caught": [
    Effect.succeed(exits(Effect.provide(Tenant, Layer.effect(Tenant)(failing as Effect.Effect<never, string>)))),
    "quiet"
  ],
  "FiberSet.makeRuntimePromise, caught": [
    Effect.map(
      FiberSet.makeRuntimePromise<never>(),
      (run) => exits(Effect.tryPromise(() => run(failing as Effect.Effect<unknown, unknown>)))
    ),
    "quiet"
  ],
  "ManagedRuntime.runPromise, caught": [
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => ManagedRuntime.make(Layer.succeed(Tenant, { id: "x" }))),
        (runtime) => runtime.disposeEffect
      ),
      (runtime) => exits(Effect.tryPromise(() => runtime.runPromise(failing)))
    ),
    "quiet"
  ],
  "Effect.runPromise, caught": [
    Effect.succeed(exits(Effect.tryPromise(() => Effect.runPromise(failing)))),
    "quiet"
  ],
  "Deferred.into of a forked fiber, awaited": [
    Effect.succeed(Effect.gen(function*() {
      const deferred = yield* Deferred.make<never, string>()
      yield* Effect.forkDetach(Deferred.into(failing as Effect.Effect<never, string>, deferred))
      yield* exits(Deferred.await(deferred))
    })),
    "quiet"
  ],
  "a fiber that gives up with Cause.Done": [
    Effect.asVoid(Effect.forkScoped(Effect.andThen(Effect.sleep("10 millis"), Effect.fail(Cause.Done())))),
    "quiet"
  ],
  "Effect.repeat of the build that ends": [
    Effect.asVoid(Effect.forkScoped(Effect.repeat(Effect.void, Schedule.recurs(3)))),
    "quiet"
  ],
  "a fiber of the build that dies of a typed error": [
    Effect.asVoid(Effect.forkScoped(Effect.andThen(Effect.sleep("10 millis"), Effect.die(new Boom())))),
    "crash"
  ],
  "Stream.toQueue in the build, caught": [
    Effect.flatMap(
      Stream.toQueue(stream, { capacity: 4 }),
      (queue) => Effect.asVoid(exits(Effect.forever(Queue.take(queue))))
    ),
    "quiet"
  ],
  "Stream.share in the build, caught": [
    Effect.flatMap(Stream.share(stream, { capacity: 4 }), (shared) => Effect.asVoid(exits(Stream.runDrain(shared)))),
    "quiet"
  ],
  // These hand the cause on to their readers, then fail in the layer's own scope: nothing tells them from a loop that died.
  "Stream.toPubSub in the build, caught by a subscriber": [
    Effect.map(Stream.toPubSub(stream, { capacity: 4 }), (pubsub) => Effect.scoped(PubSub.subscribe(pubsub))),
    "crash"
  ],
  "Stream.broadcast in the build, caught": [
    Effect.flatMap(
      Stream.broadcast(stream, { capacity: 4 }),
      (shared) => Effect.asVoid(exits(Stream.runDrain(shared)))
    ),
    "crash"
  ],
  "Stream.toPull of a buffered stream in the build, caught": [
    Effect.flatMap(
      Stream.toPull(Stream.buffer(stream, { capacity: 4 })),
      (pull) => Effect.asVoid(exits(Effect.forever(pull)))
    ),
    "crash"
  ],
  "Stream.toPubSub in the build in a scope of its own, caught by a subscriber": [
    ownScope(Effect.flatMap(
      Stream.toPubSub(stream, { capacity: 4 }),
      (pubsub) =>
        Effect.flatMap(
          PubSub.subscribe(pubsub),
          (subscription) => Effect.timeoutOption(exits(Effect.forever(PubSub.take(subscription))), "50 millis")
        )
    )),
    "quiet"
  ],
  "Stream.broadcast in the build in a scope of its own, caught": [
    ownScope(Effect.flatMap(Stream.broadcast(stream, { capacity: 4 }), Stream.runDrain)),
    "quiet"
  ],
  "Stream.toPull of a buffered stream in the build in a scope of its own, caught": [
    ownScope(Effect.flatMap(Stream.toPull(Stream.buffer(stream, { capacity: 4 })), Effect.forever)),
    "quiet"
  ],
  "Stream.runDrain of a buffered stream in the build, caught": [
    Effect.asVoid(exits(Stream.runDrain(Stream.buffer(stream, { capacity: 4 })))),
    "quiet"
  ],
  "Effect.runFork without the domain's context": [Effect.sync(() => void Effect.runFork(failing)), "quiet"],
  "Effect.runFork without the domain's context, put into the layer's scope": [
    Effect.map(Effect.scope, (scope) => void Fiber.runIn(Effect.runFork(failing), scope)),
    "crash"
  ],
  "Effect.runFork without the domain's context that fails at once, put into the layer's scope": [
    Effect.map(Effect.scope, (scope) => void Fiber.runIn(Effect.runFork(Effect.fail("no")), scope)),
    "quiet"
  ],
  "ManagedRuntime.runFork": [
    Effect.sync(() => void ManagedRuntime.make(Layer.succeed(Tenant, { id: "x" })).runFork(failing)),
    "quiet"
  ],
  "a Pool of the build whose items fail": [
    Effect.map(
      Pool.makeWithTTL({ acquire: failing, min: 1, max: 3, timeToLive: "10 millis" }),
      (pool) => exits(Effect.scoped(Pool.get(pool)))
    ),
    "quiet"
  ],
  "a nested Thunderline whose domain crashes": [
    Effect.asVoid(Layer.build(
      Thunderline.layer({
        domains: [
          Domain.make("inner", {
            layer: Layer.effectDiscard(Effect.forkScoped(failing)),
            restart: "never",
            escalate: false
          })
        ],
        interval: "10 millis"
      })
    )),
    "quiet"
  ]
}

export class Method
  extends Context.Service<Method, { readonly run: Effect.Effect<unknown, unknown> }>()("test/Method")
{}

const forks = Layer.effectDiscard(Effect.forkScoped(failing))
const served = Layer.effect(Tenant)(Effect.as(Effect.forkScoped(failing), { id: "x" }))

/** Layers whose build forks a fiber that fails, composed in each way. */
export const layers: Record<string, readonly [Layer.Layer<never, unknown>, Verdict]> = {
  "Layer.effectDiscard": [forks, "crash"],
  "Layer.unwrap": [Layer.unwrap(Effect.succeed(forks)), "crash"],
  "Layer.unwrap whose effect forks": [Layer.unwrap(Effect.as(Effect.forkScoped(failing), Layer.empty)), "crash"],
  "Layer.provide": [Layer.provide(Layer.effectDiscard(Tenant), served), "crash"],
  "Layer.provideMerge": [Layer.provideMerge(Layer.effectDiscard(Tenant), served) as Layer.Layer<never>, "crash"],
  "Layer.mergeAll": [Layer.mergeAll(Layer.empty, forks, Layer.empty), "crash"],
  "Layer.tap": [
    Layer.tap(Layer.succeed(Tenant, { id: "x" }), () => Effect.forkScoped(failing)) as Layer.Layer<never>,
    "crash"
  ],
  "Layer.catch": [Layer.catch(Layer.effectDiscard(Effect.fail("no")), () => forks), "crash"],
  "Layer.suspend": [Layer.suspend(() => forks), "crash"],
  "Layer.fresh": [Layer.fresh(forks), "crash"],
  "a failed layer that another one replaces": [
    Layer.catch(Layer.effectDiscard(Effect.andThen(Effect.forkScoped(failing), Effect.fail("no"))), () => Layer.empty),
    "quiet"
  ]
}
