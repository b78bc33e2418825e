import { describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { expectTypeOf } from "vitest"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import { SystemPubSub } from "../../src/heartbeat/SystemPubSub.ts"
import * as Domain from "../../src/model/Domain.ts"
import type { DomainControl } from "../../src/model/DomainControl.ts"
import type { DomainHandles, DomainUnavailable } from "../../src/model/DomainHandle.ts"
import type { Reason } from "../../src/model/DomainStatus.ts"
import type { Tick } from "../../src/model/Tick.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import type { CurrentRun } from "../../src/trail/CurrentRun.ts"
import type { OutboxIntake } from "../../src/trail/OutboxIntake.ts"
import type { Repo } from "../../src/trail/Repo.ts"
import type { RepoWriter } from "../../src/trail/RepoWriter.ts"
import type { TrailReports } from "../../src/trail/TrailReports.ts"

class Store extends Context.Service<Store, { readonly get: Effect.Effect<number> }>()("test/Store") {}
class Lanes extends Context.Service<Lanes, { readonly drain: Effect.Effect<void> }>()("test/Lanes") {}
class Pool extends Context.Service<Pool, { readonly size: number }>()("test/Pool") {}
class StoreError extends Error {
  readonly _tag = "StoreError"
}

const storeLayer = Layer.effect(Store, Effect.as(Pool, { get: Effect.succeed(1) }))
const failingLayer = Layer.effect(Store, Effect.fail(new StoreError()))
const lanesLayer = Layer.effect(Lanes, Effect.as(Store, { drain: Effect.void }))

const drain = Lanes.use((lanes) => lanes.drain)
const read = Store.use((store) => store.get)
const scoped = Effect.acquireRelease(Effect.void, () => Effect.void)

const Flow = Domain.make("flow", { layer: Layer.succeed(Store, { get: Effect.succeed(1) }) })

/** What an application of these domains still needs. */
type Needs<D extends Domain.Any> = Layer.Services<ReturnType<typeof Thunderline.layer<readonly [D]>>>

describe("Domain's types", () => {
  it("infer name, services, error and requirements from the layer", () => {
    const flow = Domain.make("flow", { layer: storeLayer })
    expectTypeOf(flow).toEqualTypeOf<Domain.Domain<"flow", Store, never, Pool>>()
    expectTypeOf<Domain.Services<typeof flow>>().toEqualTypeOf<Store>()
    expectTypeOf<Domain.Requirements<typeof flow>>().toEqualTypeOf<Pool>()
    expectTypeOf<Domain.Error<typeof flow>>().toEqualTypeOf<never>()
    const failing = Domain.make("failing", { layer: failingLayer })
    expectTypeOf(failing).toEqualTypeOf<Domain.Domain<"failing", Store, StoreError>>()
    expectTypeOf<Domain.Error<typeof failing>>().toEqualTypeOf<StoreError>()
    expectTypeOf(flow.name).toEqualTypeOf<"flow">()
  })

  it("let the layer, onTick, the workers and the hooks use a dependency's services and the domain's own", () => {
    const bolt = Domain.make("bolt", {
      dependsOn: [Flow],
      layer: lanesLayer,
      workers: { drain, read, forever: { effect: Effect.andThen(drain, read), permanent: true } },
      onTick: (tick) => {
        expectTypeOf(tick).toEqualTypeOf<Tick>()
        return Effect.andThen(drain, read)
      },
      onActivate: (tick) => {
        expectTypeOf(tick).toEqualTypeOf<Tick>()
        return Effect.andThen(drain, read)
      },
      onDeactivate: (reason) => {
        expectTypeOf(reason).toEqualTypeOf<Reason>()
        return Effect.andThen(drain, read)
      }
    })
    expectTypeOf(bolt).toEqualTypeOf<Domain.Domain<"bolt", Lanes>>()
    expectTypeOf(Thunderline.layer({ domains: [Flow, bolt] })).toEqualTypeOf<
      Layer.Layer<Thunderline.Infrastructure, Thunderline.StartError>
    >()
  })

  it("leave in the requirements what no dependency provides, wherever it is used", () => {
    const byLayer = Domain.make("bolt", { layer: lanesLayer })
    expectTypeOf<Domain.Requirements<typeof byLayer>>().toEqualTypeOf<Store>()
    const byWorker = Domain.make("bolt", { layer: Layer.empty, workers: { drain, quiet: Effect.void } })
    expectTypeOf<Domain.Requirements<typeof byWorker>>().toEqualTypeOf<Lanes>()
    const byPermanent = Domain.make("bolt", {
      layer: Layer.empty,
      workers: { drain: { effect: drain, permanent: true } }
    })
    expectTypeOf<Domain.Requirements<typeof byPermanent>>().toEqualTypeOf<Lanes>()
    const byTick = Domain.make("bolt", { layer: Layer.empty, onTick: () => read })
    expectTypeOf<Domain.Requirements<typeof byTick>>().toEqualTypeOf<Store>()
    const byActivate = Domain.make("bolt", { layer: Layer.empty, onActivate: () => read })
    expectTypeOf<Domain.Requirements<typeof byActivate>>().toEqualTypeOf<Store>()
    const byDeactivate = Domain.make("bolt", { layer: Layer.empty, onDeactivate: () => drain })
    expectTypeOf<Domain.Requirements<typeof byDeactivate>>().toEqualTypeOf<Lanes>()
    const byAll = Domain.make("bolt", {
      layer: Layer.effectDiscard(Pool),
      workers: { drain },
      onTick: () => read
    })
    expectTypeOf<Domain.Requirements<typeof byAll>>().toEqualTypeOf<Pool | Store | Lanes>()
  })

  it("do not let a domain use the services of one that it only comes after", () => {
    const bolt = Domain.make("bolt", { after: [Flow], layer: lanesLayer, onTick: () => read })
    expectTypeOf<Domain.Requirements<typeof bolt>>().toEqualTypeOf<Store>()
    expectTypeOf(Thunderline.layer({ domains: [Flow, bolt] })).toEqualTypeOf<
      Layer.Layer<Thunderline.Infrastructure, Thunderline.StartError, Store>
    >()
  })

  it("do not let a domain use the services of its dependencies' dependencies", () => {
    const bolt = Domain.make("bolt", { dependsOn: [Flow], layer: lanesLayer })
    const grid = Domain.make("grid", { dependsOn: [bolt], layer: Layer.effectDiscard(read) })
    expectTypeOf<Domain.Requirements<typeof grid>>().toEqualTypeOf<Store>()
    const both = Domain.make("grid", { dependsOn: [bolt, Flow], layer: Layer.effectDiscard(read) })
    expectTypeOf<Domain.Requirements<typeof both>>().toEqualTypeOf<never>()
  })

  it("let an application run only when all that it needs is provided", () => {
    const bolt = Domain.make("bolt", { layer: lanesLayer })
    const main = Thunderline.layer({ domains: [bolt] })
    const isMissing = <R>(_: Layer.Layer<Thunderline.Infrastructure, unknown, R>): [R] extends [never] ? "runs" : R =>
      undefined as never
    expectTypeOf(isMissing(main)).toEqualTypeOf<Store>()
    expectTypeOf(isMissing(Layer.provide(main, Layer.succeed(Pool, { size: 1 })))).toEqualTypeOf<Store>()
    expectTypeOf(isMissing(Layer.provide(main, Layer.succeed(Store, { get: Effect.succeed(1) }))))
      .toEqualTypeOf<"runs">()
    const run = () =>
      // @ts-expect-error nobody provides Store, so it does not compile where it is run
      // @effect-diagnostics-next-line missingEffectContext:off
      Effect.runPromise(Layer.launch(main))
    expectTypeOf(run).toBeFunction()
  })

  it("provide Thunderline's own services to domains, and to the app around them", () => {
    const registry = DomainRegistry.use((one) => one.activeCount)
    const bus = Effect.scoped(SystemPubSub.use((one) => one.subscribe("system:domain_tick")))
    const grid = Domain.make("grid", { layer: Layer.effectDiscard(registry), onTick: () => bus })
    expectTypeOf<Domain.Requirements<typeof grid>>().toEqualTypeOf<DomainRegistry | SystemPubSub>()
    expectTypeOf<Needs<typeof grid>>().toEqualTypeOf<never>()
    type Provided = Layer.Success<ReturnType<typeof Thunderline.layer<readonly [typeof grid]>>>
    expectTypeOf<DomainRegistry | SystemPubSub | Repo | CurrentRun | DomainControl | DomainHandles>()
      .toExtend<Provided>()
    expectTypeOf<RepoWriter>().not.toExtend<Provided>()
    expectTypeOf<OutboxIntake>().not.toExtend<Provided>()
    expectTypeOf<TrailReports>().not.toExtend<Provided>()
    expectTypeOf(Thunderline.layerTest({ domains: [grid] })).toEqualTypeOf<
      Layer.Layer<Thunderline.Infrastructure, Thunderline.StartError>
    >()
  })

  it("never provide a domain's services to the app: only Domain.use gives them out", () => {
    const main = Thunderline.layer({ domains: [Flow] })
    expectTypeOf<Store>().not.toExtend<Layer.Success<typeof main>>()
    expectTypeOf(Effect.provide(read, main)).toEqualTypeOf<Effect.Effect<number, Thunderline.StartError, Store>>()
  })

  it("give workers, onTick and hooks a scope of their own, and leave that of a layer to the layer", () => {
    const bolt = Domain.make("bolt", {
      layer: Layer.effectDiscard(scoped),
      workers: { scoped },
      onTick: () => scoped,
      onActivate: () => scoped,
      onDeactivate: () => scoped
    })
    expectTypeOf(bolt).toEqualTypeOf<Domain.Domain<"bolt", never>>()
  })

  it("gather the requirements of all domains and those of the repo", () => {
    const bolt = Domain.make("bolt", { layer: lanesLayer })
    const flow = Domain.make("flow", { layer: storeLayer })
    const repo = {} as Layer.Layer<Repo | RepoWriter, StoreError, Scope.Scope>
    const main = Thunderline.layer({ domains: [bolt, flow], repo })
    expectTypeOf(main).toEqualTypeOf<
      Layer.Layer<Thunderline.Infrastructure, Thunderline.StartError | StoreError, Store | Pool | Scope.Scope>
    >()
  })

  it("take only domains where domains are wanted, and only options that there are", () => {
    const wrong = [
      // @ts-expect-error a name is not a domain
      () => Domain.make("bolt", { layer: Layer.empty, dependsOn: ["flow"] }),
      // @ts-expect-error neither is a layer
      () => Thunderline.layer({ domains: [storeLayer] }),
      // @ts-expect-error there is no such criticality
      () => Domain.make("bolt", { layer: Layer.empty, criticality: "vital" }),
      // @ts-expect-error a domain has a layer
      () => Domain.make("bolt", {}),
      // @ts-expect-error a test's ticks are sent by hand
      () => Thunderline.layerTest({ domains: [], heartbeat: "clock" })
    ]
    expectTypeOf(wrong).toBeArray()
  })

  it("let Domain.use take away a domain's services, and add that it may be unavailable", () => {
    const effect = Effect.gen(function*() {
      const pool = yield* Pool
      return (yield* read) + pool.size
    })
    expectTypeOf(Domain.use(Flow, effect)).toEqualTypeOf<
      Effect.Effect<number, DomainUnavailable, Pool | DomainHandles>
    >()
    expectTypeOf(Domain.use(Flow, Effect.andThen(read, Effect.fail(new StoreError())), { timeout: "1 second" }))
      .toEqualTypeOf<Effect.Effect<never, StoreError | DomainUnavailable, DomainHandles>>()
    expectTypeOf(Domain.use(Flow, drain)).toEqualTypeOf<
      Effect.Effect<void, DomainUnavailable, Lanes | DomainHandles>
    >()
  })

  it("tell a domain from anything else", () => {
    const value = Flow as unknown
    if (Domain.isDomain(value)) expectTypeOf(value).toEqualTypeOf<Domain.Any>()
    else throw new Error("a domain is one")
    for (const other of [undefined, null, {}, "flow", storeLayer, { name: "flow" }]) {
      if (Domain.isDomain(other)) throw new Error("that is none")
    }
  })
})
