import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Schedule } from "effect"
import { TestClock } from "effect/testing"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import { DomainUnavailable } from "../../src/model/DomainHandle.ts"
import { app, awaitStates, tick } from "../support/app.ts"
import { settle } from "../support/awaitState.ts"

class Store
  extends Context.Service<Store, { readonly generation: number; readonly closed: () => boolean }>()("Store")
{}

const store = () => {
  let generation = 0
  return Domain.make("store", {
    layer: Layer.effect(
      Store,
      Effect.acquireRelease(
        Effect.sync(() => {
          const state = { closed: false }
          return { generation: ++generation, closed: () => state.closed, state }
        }),
        ({ state }) =>
          Effect.sync(() => {
            state.closed = true
          })
      )
    ),
    restart: Domain.restartPolicy({ schedule: Schedule.spaced("1 second"), limit: 5 })
  })
}

const generation = (domain: ReturnType<typeof store>) => Domain.use(domain, Store.useSync((one) => one.generation))

const unavailable = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, DomainUnavailable)
    return (error as DomainUnavailable).message
  })

describe("Domain.use", () => {
  it.effect("waits while the domain is on its way", () => {
    const domain = store()
    return Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(generation(domain), { startImmediately: true })
      yield* settle
      assert.isUndefined(fiber.pollUnsafe())
      yield* tick
      assert.strictEqual(yield* Fiber.join(fiber), 1)
    }).pipe(Effect.provide(app([domain])))
  })

  it.effect("is the same in a pipe", () => {
    const domain = store()
    return Effect.gen(function*() {
      yield* tick
      const used = Store.useSync((one) => one.generation).pipe(Domain.provide(domain))
      assert.strictEqual(yield* used, 1)
      yield* DomainControl.use((control) => control.deactivate("store"))
      assert.strictEqual(yield* unavailable(used), "Domain store is inactive")
      const late = Effect.void.pipe(Domain.provide(domain, { timeout: "1 second" }))
      assert.strictEqual(yield* unavailable(late), "Domain store is inactive")
    }).pipe(Effect.provide(app([domain])))
  })

  it.effect("waits for at most its time-out", () => {
    const domain = store()
    return Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Domain.use(domain, Effect.void, { timeout: "3 seconds" }))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(
        yield* unavailable(Fiber.join(fiber)),
        "Domain store did not become active in time, it is waiting"
      )
    }).pipe(Effect.provide(app([domain])))
  })

  it.effect("fails at once when the domain is inactive, and those that wait are told", () => {
    const domain = store()
    return Effect.gen(function*() {
      const control = yield* DomainControl
      const waiting = yield* Effect.forkChild(unavailable(generation(domain)), { startImmediately: true })
      yield* control.deactivate("store")
      assert.strictEqual(yield* Fiber.join(waiting), "Domain store is inactive")
      assert.strictEqual(yield* unavailable(generation(domain)), "Domain store is inactive")
    }).pipe(Effect.provide(app([domain])))
  })

  it.effect("fails at once when the domain is crashed for good, or blocked by such a one", () => {
    const domain = store()
    const user = Domain.make("user", { dependsOn: [domain], layer: Layer.empty })
    return Effect.gen(function*() {
      yield* tick
      yield* TestClock.adjust("10 seconds")
      yield* awaitStates({ store: "crashed" })
      assert.strictEqual(yield* unavailable(generation(domain)), "Domain store is crashed and has no restarts left")
      assert.strictEqual(
        yield* unavailable(Domain.use(user, Effect.void)),
        "Domain user waits for store, which will not become active by itself"
      )
    }).pipe(Effect.provide(app([domain, user], [{ _tag: "FailActivation", domain: "store" }])))
  })

  it.effect("fails for a domain that is not the application's", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* unavailable(generation(store())), "Domain store is not one of this application's")
    }).pipe(Effect.provide(app([]))))

  it.effect("a use ends with its generation, before the scope closes, and the next one gets the next", () => {
    const domain = store()
    return Effect.gen(function*() {
      const control = yield* DomainControl
      yield* tick
      const seen: Array<string> = []
      const fiber = yield* Effect.forkChild(
        Domain.use(
          domain,
          Store.use((one) =>
            Effect.never.pipe(Effect.onExit(() => Effect.sync(() => seen.push(`closed: ${one.closed()}`))))
          )
        ),
        { startImmediately: true }
      )
      yield* settle
      yield* control.restart("store")
      assert.strictEqual(
        yield* unavailable(Fiber.join(fiber)),
        "The generation of domain store that was in use has ended"
      )
      assert.deepStrictEqual(seen, ["closed: false"])
      assert.strictEqual(yield* generation(domain), 2)
    }).pipe(Effect.provide(app([domain])))
  })

  it.effect("is escaped by a service that is returned and by a fiber that is detached", () => {
    const domain = store()
    return Effect.gen(function*() {
      const control = yield* DomainControl
      yield* tick
      const { detached, returned } = yield* Domain.use(
        domain,
        Store.use((returned) => Effect.map(Effect.forkDetach(Effect.never), (detached) => ({ detached, returned })))
      )
      yield* control.restart("store")
      yield* awaitStates({ store: "active" })
      yield* settle
      assert.isTrue(returned.closed())
      assert.isUndefined(detached.pollUnsafe())
      yield* Fiber.interrupt(detached)
    }).pipe(Effect.provide(app([domain])))
  })

  it.effect("hands on the failures, and the interruption, of what it runs", () => {
    const domain = store()
    return Effect.gen(function*() {
      yield* tick
      assert.deepStrictEqual(yield* Effect.exit(Domain.use(domain, Effect.fail("mine"))), Exit.fail("mine"))
      let interrupted = 0
      const fiber = yield* Effect.forkChild(
        Domain.use(domain, Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))),
        { startImmediately: true }
      )
      yield* settle
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(interrupted, 1)
      yield* awaitStates({ store: "active" })
    }).pipe(Effect.provide(app([domain])))
  })
})
