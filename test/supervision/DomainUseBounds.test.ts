import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Schedule } from "effect"
import { TestClock } from "effect/testing"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import { DomainUnavailable } from "../../src/model/DomainHandle.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import { awaitStates, closedWithin, states, tick } from "../support/app.ts"
import { settle } from "../support/awaitState.ts"
import * as LogLines from "../support/LogLines.ts"

class Store extends Context.Service<Store, { readonly crash: Effect.Effect<void> }>()("Store") {}

const policy = {
  restart: Domain.restartPolicy({ schedule: Schedule.spaced("1 second") }),
  shutdownTimeout: "2 seconds"
} as const

/** A domain that crashes when it is told to. */
const store = () => {
  const told = Deferred.makeUnsafe<never, Error>()
  return Domain.make("store", {
    ...policy,
    layer: Layer.succeed(Store, { crash: Effect.asVoid(Deferred.fail(told, new Error("told to"))) }),
    workers: { fails: Deferred.await(told) }
  })
}

const app = (domains: ReadonlyArray<Domain.Any>) =>
  Layer.merge(Thunderline.layerTest({ domains }), LogLines.layer).pipe(
    Layer.provideMerge(LogLines.layer)
  ) as Layer.Layer<
    Thunderline.Infrastructure | LogLines.LogLines,
    Thunderline.StartError
  >

/** What a body does that does not end when it is interrupted. */
const bodies: { readonly [what: string]: Effect.Effect<unknown> } = {
  "cannot be interrupted": Effect.uninterruptible(Effect.never),
  "goes on when it is interrupted": Effect.forever(
    Effect.catchCause(Effect.uninterruptible(Effect.sleep("1 second")), () => Effect.void)
  ).pipe(Effect.uninterruptible),
  "hangs in a finalizer": Effect.ensuring(Effect.never, Effect.never),
  "hangs in the release of a resource": Effect.scoped(
    Effect.andThen(Effect.acquireRelease(Effect.void, () => Effect.never), Effect.never)
  ),
  "waits for a child that cannot be interrupted": Effect.flatMap(
    Effect.forkChild(Effect.uninterruptible(Effect.never)),
    Fiber.join
  ),
  "asks the same domain again": Effect.uninterruptible(Effect.never)
}

const ends: { readonly [how: string]: Effect.Effect<unknown, unknown, Thunderline.Infrastructure> } = {
  restart: DomainControl.use((control) => control.restart("store")),
  deactivation: DomainControl.use((control) => control.deactivate("store"))
}

const reasonOf = (exit: Exit.Exit<unknown, unknown>) => {
  const error = Exit.isFailure(exit) ? exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error : undefined
  assert.instanceOf(error, DomainUnavailable)
  return error as DomainUnavailable
}

describe("Domain.use, at the end of its generation", () => {
  it.effect.each(Object.keys(bodies).flatMap((body) => Object.keys(ends).map((end) => [body, end] as const)))(
    "by an effect that %s returns within shutdownTimeout of a %s",
    ([body, end]) => {
      const domain = store()
      const effect = body === "asks the same domain again" ? Domain.use(domain, bodies[body]!) : bodies[body]!
      return Effect.gen(function*() {
        yield* tick
        const use = yield* Effect.forkChild(Effect.exit(Domain.use(domain, effect)), { startImmediately: true })
        yield* settle
        yield* ends[end]!
        yield* settle
        assert.isUndefined(use.pollUnsafe())
        yield* TestClock.adjust("2 seconds")
        yield* settle
        assert.isDefined(use.pollUnsafe())
        assert.strictEqual(reasonOf(yield* Fiber.join(use)).reason, "ended")
        yield* awaitStates({ store: end === "restart" ? "active" : "inactive" })
        const lines = yield* LogLines.LogLines
        assert.include(lines.texts(), "[Store] A use exceeded shutdownTimeout (2s); abandoned")
      }).pipe((test) => closedWithin("6 seconds")(test, app([domain])))
    }
  )

  it.effect("returns within shutdownTimeout however long the domains that depend on it take", () => {
    const domain = store()
    const slow = Domain.make("slow", {
      dependsOn: [domain],
      layer: Layer.effectDiscard(Effect.addFinalizer(() => Effect.never)),
      shutdownTimeout: "4 seconds"
    })
    return Effect.gen(function*() {
      yield* tick
      const use = yield* Effect.forkChild(Effect.exit(Domain.use(domain, Effect.uninterruptible(Effect.never))), {
        startImmediately: true
      })
      yield* settle
      yield* ends["restart"]!
      yield* TestClock.adjust("2 seconds")
      yield* settle
      assert.strictEqual(reasonOf(yield* Fiber.join(use)).reason, "ended")
      assert.strictEqual((yield* states)["store"], "deactivating")
    }).pipe((test) => closedWithin("6 seconds")(test, app([domain, slow])))
  })

  it.effect("returns within shutdownTimeout when its caller was interrupted before", () => {
    const domain = store()
    return Effect.gen(function*() {
      yield* tick
      const use = yield* Effect.forkChild(Domain.use(domain, Effect.uninterruptible(Effect.never)), {
        startImmediately: true
      })
      yield* settle
      use.interruptUnsafe()
      yield* TestClock.adjust("10 seconds")
      assert.isUndefined(use.pollUnsafe(), "it waits as long as the generation runs")
      yield* ends["restart"]!
      yield* TestClock.adjust("2 seconds")
      yield* settle
      assert.isDefined(use.pollUnsafe())
    }).pipe((test) => closedWithin("6 seconds")(test, app([domain])))
  })

  it.effect("leaves no child behind that its caller would wait for", () => {
    const domain = store()
    return Effect.gen(function*() {
      yield* tick
      const outer = yield* Effect.forkChild(
        Effect.ignore(Domain.use(domain, Effect.uninterruptible(Effect.never))),
        { startImmediately: true }
      )
      yield* settle
      yield* ends["deactivation"]!
      yield* TestClock.adjust("2 seconds")
      yield* settle
      assert.deepStrictEqual(outer.pollUnsafe(), Exit.void)
    }).pipe((test) => closedWithin("6 seconds")(test, app([domain])))
  })

  it.effect("by a worker of the same domain does not hold up the domain's end", () => {
    const self: Domain.Any = Domain.make("self", {
      ...policy,
      layer: Layer.empty,
      workers: { uses: Effect.suspend(() => Domain.use(self, Effect.never)) },
      onDeactivate: () => Effect.ignore(Effect.suspend(() => Domain.use(self, Effect.void)))
    })
    return Effect.gen(function*() {
      yield* tick
      yield* DomainControl.use((control) => control.restart("self"))
      yield* TestClock.adjust("2 seconds")
      yield* awaitStates({ self: "active" })
    }).pipe((test) => closedWithin("6 seconds")(test, app([self])))
  })
})

describe("DomainUnavailable", () => {
  it.effect("says why the generation ended, and why the domain is not there", () => {
    const domain = Domain.derive(store(), {
      restart: Domain.restartPolicy({ schedule: Schedule.spaced("1 second"), limit: 1 })
    })
    const user = Domain.make("user", { dependsOn: [domain], layer: Layer.empty })
    return Effect.gen(function*() {
      yield* tick
      const use = yield* Effect.forkChild(Effect.exit(Domain.use(domain, Effect.never)), { startImmediately: true })
      yield* settle
      yield* Domain.use(domain, Store.use(({ crash }) => crash))
      yield* settle
      const ended = reasonOf(yield* Fiber.join(use))
      assert.strictEqual(ended.reason, "ended")
      assert.match(ended.cause ?? "", /^Error: told to\n/)

      const late = yield* Effect.forkChild(Effect.exit(Domain.use(domain, Effect.void, { timeout: "500 millis" })))
      yield* TestClock.adjust("500 millis")
      const restarting = reasonOf(yield* Fiber.join(late))
      assert.deepStrictEqual([restarting.reason, restarting.status], ["timeout", "restarting"])
      assert.match(restarting.cause ?? "", /^Error: told to\n/)

      yield* TestClock.adjust("30 seconds")
      yield* awaitStates({ store: "crashed", user: "waiting" })
      for (const [target, reason] of [[domain, "crashed"], [user, "blocked"]] as const) {
        const error = reasonOf(yield* Effect.exit(Domain.use(target, Effect.void)))
        assert.strictEqual(error.reason, reason)
        assert.match(error.cause ?? "", /^Error: told to\n/)
      }
    }).pipe((test) => closedWithin("6 seconds")(test, app([domain, user])))
  })

  it.effect("has no cause where nothing failed", () => {
    const domain = store()
    return Effect.gen(function*() {
      yield* tick
      const use = yield* Effect.forkChild(Effect.exit(Domain.use(domain, Effect.never)), { startImmediately: true })
      yield* settle
      yield* ends["deactivation"]!
      assert.isNull(reasonOf(yield* Fiber.join(use)).cause)
      assert.isNull(reasonOf(yield* Effect.exit(Domain.use(domain, Effect.void))).cause)
    }).pipe((test) => closedWithin("6 seconds")(test, app([domain])))
  })
})
