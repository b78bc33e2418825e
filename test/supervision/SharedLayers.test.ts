import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import { awaitStates, tick } from "../support/app.ts"
import * as LogLines from "../support/LogLines.ts"

class Gateway extends Context.Service<Gateway, { readonly instance: number }>()("test/Gateway") {}
class Client extends Context.Service<Client, { readonly name: string }>()("test/Client") {}

/** The warnings of an application whose domains have all become active. */
const warnings = (
  domains: ReadonlyArray<Domain.Any>,
  then: Effect.Effect<unknown, unknown, Thunderline.Infrastructure> = Effect.void
) =>
  Effect.gen(function*() {
    yield* tick
    yield* awaitStates(Object.fromEntries(domains.map(({ name }) => [name, "active"])))
    yield* then
    const { lines } = yield* LogLines.LogLines
    return lines.filter(({ level }) => level === "Warn")
  }).pipe(
    Effect.provide(
      Layer.provideMerge(Thunderline.layerTest({ domains }) as Layer.Layer<Thunderline.Infrastructure>, LogLines.layer)
    )
  )

const three = (layer: Layer.Layer<never>) => ["first", "second", "third"].map((name) => Domain.make(name, { layer }))

const finalizer = Effect.addFinalizer(() => Effect.void)

const opening = Effect.as(finalizer, { instance: 1 })

/** A client of its own for each domain that asks, of which the layer holds nothing. */
const client = Layer.succeed(Client, { name: "client" })

/** What holds something, each alone and as part of something else. */
const holding: Readonly<Record<string, Layer.Layer<never>>> = {
  "leaves a finalizer": Layer.effect(Gateway, opening),
  "leaves a fiber": Layer.effectDiscard(Effect.forkScoped(Effect.never)),
  "suspends": Layer.effect(Gateway, Effect.as(Effect.yieldNow, { instance: 1 })),
  "is merged": Layer.merge(client, Layer.effect(Gateway, opening)),
  "is provided with others": Layer.effect(Gateway, opening).pipe(Layer.provideMerge(client)),
  "is provided to others": Layer.provideMerge(client, Layer.effect(Gateway, opening)),
  "is made anew by Layer.suspend": Layer.suspend(() => Layer.effect(Gateway, opening)),
  "is made anew by Layer.unwrap": Layer.unwrap(Effect.sync(() => Layer.effect(Gateway, opening))),
  "is made anew, composed, by Layer.unwrap": Layer.unwrap(
    Effect.sync(() => Layer.effect(Gateway, opening).pipe(Layer.provide(Layer.effectDiscard(Effect.void))))
  )
}

const harmless: Readonly<Record<string, Layer.Layer<never>>> = {
  "is a constant": client,
  "is empty": Layer.empty,
  "is made in place": Layer.effect(Gateway, Effect.sync(() => ({ instance: 1 }))),
  "composes constants": Layer.mergeAll(client, Layer.sync(Gateway, () => ({ instance: 1 })), Layer.empty),
  "is fresh": Layer.fresh(Layer.effect(Gateway, opening)),
  "is separate": Domain.separate(Layer.effect(Gateway, opening)),
  "is composed and separate": Domain.separate(Layer.merge(client, Layer.effect(Gateway, opening)))
}

describe("a layer value in several domains", () => {
  it.effect.each(Object.entries(holding))(
    "that %s is told once, with both domains and what to do",
    ([name, layer]) =>
      Effect.gen(function*() {
        const [line, ...others] = yield* warnings(three(layer))
        assert.isEmpty(others)
        const what = name === "leaves a fiber" ? "" : " (test/Gateway)"
        assert.strictEqual(
          line!.text,
          `[Second] Builds a layer again that domain first has built${what}: each has its own instance. To share one, ` +
            "make it a domain and depend on it, or provide it around Thunderline.layer; to keep both, use Domain.separate"
        )
        assert.include(line!.annotations, {
          "event.name": "thunderline.layer.built_again",
          domain: "second",
          first: "first"
        })
      })
  )

  it.effect.each(Object.entries(harmless))("that %s is not told", ([_, layer]) =>
    Effect.gen(function*() {
      assert.isEmpty(yield* warnings(three(layer)))
    }))

  it.effect("is told as soon as it is built a second time, before the domain is active", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const layer = Layer.effect(Gateway, opening)
      const first = Domain.make("first", { layer })
      const second = Domain.make("second", {
        layer: Layer.effectDiscard(Deferred.await(gate)).pipe(Layer.provide(layer)),
        after: [first]
      })
      yield* Effect.gen(function*() {
        yield* tick
        yield* awaitStates({ first: "active", second: "activating" })
        const { lines } = yield* LogLines.LogLines
        assert.lengthOf(lines.filter(({ level }) => level === "Warn"), 1)
      }).pipe(Effect.provide(Layer.provideMerge(Thunderline.layerTest({ domains: [first, second] }), LogLines.layer)))
    }))

  it.effect("is not told again when the domains restart, nor when one domain builds it again", () =>
    Effect.gen(function*() {
      const restart = (name: string) =>
        Effect.andThen(DomainControl.use((control) => control.restart(name)), awaitStates({ [name]: "active" }))
      for (const layer of [Layer.effect(Gateway, opening), holding["is made anew by Layer.suspend"]!]) {
        const [first, second] = three(layer)
        assert.isEmpty(yield* warnings([first!], Effect.andThen(restart("first"), restart("first"))))
        const all = yield* warnings([first!, second!], Effect.andThen(restart("first"), restart("second")))
        assert.lengthOf(all, 1)
      }
    }))

  it.effect("is no news in another application of the same process", () =>
    Effect.gen(function*() {
      const [first, second] = three(Layer.effect(Gateway, opening))
      assert.isEmpty(yield* warnings([first!]))
      assert.isEmpty(yield* warnings([second!]))
    }))

  it.effect("is told for each layer that holds something, where domains share several", () =>
    Effect.gen(function*() {
      const layer = Layer.merge(
        Layer.effect(Gateway, opening),
        Layer.effect(Client, Effect.as(finalizer, { name: "c" }))
      )
      const lines = yield* warnings(three(layer))
      assert.sameMembers(lines.map(({ text }) => /\((.*)\)/.exec(text)?.[1]), ["test/Gateway", "test/Client"])
    }))

  it.effect("is built once in each domain, also where it is separate and used twice there", () =>
    Effect.gen(function*() {
      let instances = 0
      const layer = Domain.separate(Layer.effect(Gateway, Effect.sync(() => ({ instance: ++instances }))))
      const seen: Array<number> = []
      const use = () => Layer.effectDiscard(Gateway.use(({ instance }) => Effect.sync(() => seen.push(instance))))
      const domains = ["first", "second"].map((name) =>
        Domain.make(name, { layer: Layer.merge(Layer.provide(use(), layer), Layer.provide(use(), layer)) })
      )
      assert.isEmpty(yield* warnings(domains))
      assert.deepStrictEqual(seen, [1, 1, 2, 2])
    }))

  it.effect("is one instance where it is provided around the application, or a domain that the others depend on", () =>
    Effect.gen(function*() {
      let instances = 0
      const layer = Layer.effect(Gateway, Effect.map(finalizer, () => ({ instance: ++instances })))
      const user = (name: string, dependsOn: ReadonlyArray<Domain.Any> = []) =>
        Domain.make(name, { dependsOn, layer: Layer.effectDiscard(Gateway) })
      const around = Thunderline.layerTest({ domains: [user("first"), user("second")] }).pipe(Layer.provide(layer))
      yield* Effect.andThen(tick, awaitStates({ first: "active", second: "active" })).pipe(Effect.provide(around))
      assert.strictEqual(instances, 1)
      const gateway = Domain.make("gateway", { layer })
      assert.isEmpty(yield* warnings([gateway, user("first", [gateway]), user("second", [gateway])]))
      assert.strictEqual(instances, 2)
    }))

  it.live("is not told where two domains serve HTTP: what Effect's servers share holds nothing", () =>
    Effect.gen(function*() {
      const web = (name: string) =>
        Domain.make(name, {
          layer: HttpRouter.serve(HttpRouter.add("GET", "/", HttpServerResponse.empty()), { disableListenLog: true })
            .pipe(
              Layer.provide(FetchHttpClient.layer),
              Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
            )
        })
      const lines = yield* warnings([web("first"), web("second")])
      assert.isEmpty(lines)
    }))
})
