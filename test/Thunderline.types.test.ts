import { describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { expectTypeOf } from "vitest"
import type * as App from "../src/model/App.ts"
import * as Domain from "../src/model/Domain.ts"
import type { Escalated } from "../src/model/Escalation.ts"
import { Health } from "../src/supervision/Health.ts"
import * as Thunderline from "../src/Thunderline.ts"

class Pool extends Context.Service<Pool, { readonly size: number }>()("test/Pool") {}
class Clock extends Context.Service<Clock, { readonly now: number }>()("test/Clock") {}

const pool = Layer.succeed(Pool, { size: 1 })
const clock = Layer.succeed(Clock, { now: 1 })
const domain = <R>(needs: Effect.Effect<unknown, never, R>) =>
  Domain.make("domain", { layer: Layer.effectDiscard(needs) })

const Content = domain(Effect.void)
const NeedsHealth = domain(Health)
const NeedsPool = domain(Pool)
const NeedsBoth = domain(Effect.andThen(Pool, Clock))

describe("Thunderline.app", () => {
  it("takes domains that need nothing, or only what Thunderline provides", () => {
    expectTypeOf(Thunderline.app({ domains: [Content] })).toEqualTypeOf<App.App>()
    expectTypeOf(Thunderline.app({ domains: [NeedsHealth] })).toEqualTypeOf<App.App>()
    expectTypeOf(Thunderline.app({ domains: [Content], layer: pool })).toEqualTypeOf<App.App>()
  })

  it("takes a layer that provides everything that the domains need, and may fail", () => {
    const failing = Layer.effectDiscard(Effect.fail("no"))
    expectTypeOf(Thunderline.app({ domains: [NeedsPool], layer: pool })).toEqualTypeOf<App.App>()
    expectTypeOf(Thunderline.app({ domains: [NeedsBoth], layer: Layer.mergeAll(pool, clock, failing) }))
      .toEqualTypeOf<App.App>()
  })

  it("knows what a domain needs that is defined in its place", () => {
    const needsPool = () => Thunderline.layer({ domains: [Domain.make("one", { layer: Layer.effectDiscard(Pool) })] })
    expectTypeOf<Layer.Services<ReturnType<typeof needsPool>>>().toEqualTypeOf<Pool>()
    const app = Thunderline.app({ domains: [Domain.make("one", { layer: Layer.empty })] })
    expectTypeOf(app).toEqualTypeOf<App.App>()
    // @ts-expect-error there is no layer for Pool
    Thunderline.app({ domains: [Domain.make("one", { layer: Layer.effectDiscard(Pool) })] })
    // @ts-expect-error nor for what onTick needs
    Thunderline.app({ domains: [Domain.make("one", { layer: Layer.empty, onTick: () => Pool })] })
  })

  it("does not compile while a service is lacking", () => {
    // @ts-expect-error there is no layer for Pool
    Thunderline.app({ domains: [NeedsPool] })
    // @ts-expect-error the layer does not provide Pool
    Thunderline.app({ domains: [NeedsPool], layer: clock })
    // @ts-expect-error the layer does not provide Clock
    Thunderline.app({ domains: [NeedsBoth], layer: pool })
    // @ts-expect-error the layer itself lacks Clock
    // @effect-diagnostics-next-line missingLayerContext:off
    Thunderline.app({ domains: [NeedsPool], layer: Layer.effect(Pool, Effect.as(Clock, { size: 1 })) })
  })
})

describe("Thunderline.launch", () => {
  it("takes any layer that provides the application, and leaves its requirements and errors open", () => {
    const main = Thunderline.layer({ domains: [NeedsPool] })
    expectTypeOf(Thunderline.launch(main)).toEqualTypeOf<
      Effect.Effect<void, Thunderline.StartError | Escalated, Pool>
    >()
    // @ts-expect-error an application that escalates is not in there
    const launched = () => Thunderline.launch(pool)
    expectTypeOf(launched).toBeFunction()
  })
})
