import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberHandle from "effect/FiberHandle"
import * as FiberMap from "effect/FiberMap"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Domain from "../../src/model/Domain.ts"
import type { DomainHandles } from "../../src/model/DomainHandle.ts"

/** Which fiber forks. */
export const froms = ["build", "fiber of the build", "worker", "onTick", "use", "callback", "dependant"] as const
/** Where the fiber goes. */
export const intos = [
  "layer scope",
  "layer scope at once",
  "layer scope by runIn",
  "layer FiberSet",
  "layer FiberMap",
  "layer FiberHandle",
  "layer FiberSet runtime",
  "nested scope",
  "nested FiberSet",
  "nested FiberMap",
  "child",
  "child at once",
  "detached",
  "run with the context"
] as const
/** Who looks at its end, and when. */
export const looks = [
  "nobody",
  "nobody, the forker leaves",
  "join",
  "await",
  "another fiber awaits",
  "an observer",
  "join half a second later",
  "poll half a second later",
  "join the set",
  "join the set half a second later",
  "join after the second"
] as const
/** How it ends. */
export const ends = [
  "succeeds",
  "fails at once",
  "fails",
  "dies",
  "interrupts itself",
  "takes from a queue that is shut down",
  "is done",
  "is asked to stop",
  "is replaced"
] as const

export interface Combination {
  readonly from: (typeof froms)[number]
  readonly into: (typeof intos)[number]
  readonly look: (typeof looks)[number]
  readonly end: (typeof ends)[number]
}

/** What a combination comes to: nothing, a line in the log, or a crash. */
export type Verdict = "quiet" | "logged" | "crash"

export const text = ({ end, from, into, look }: Combination) => `${from} / ${into} / ${look} / ${end}`

const isSet = (into: Combination["into"]) => into.includes("Fiber")
const isLayer = (into: Combination["into"]) => into.startsWith("layer")
const isReplacing = (into: Combination["into"]) => into.includes("FiberMap") || into.includes("FiberHandle")
const isInterruption = (end: Combination["end"]) =>
  end === "interrupts itself" || end === "takes from a queue that is shut down"

/** Every combination that makes sense. */
export const combinations: ReadonlyArray<Combination> = froms.flatMap((from) =>
  intos.flatMap((into) =>
    looks.flatMap((look) =>
      ends.flatMap((end): ReadonlyArray<Combination> => {
        if (look.includes("the set") && !isSet(into)) return []
        // A set does not tell its joiners of an interruption.
        if (look.includes("the set") && (isInterruption(end) || end === "is asked to stop")) return []
        if (end === "is replaced" && !isReplacing(into)) return []
        return [{ from, into, look, end }]
      })
    )
  )
)

/** The five laws. */
export const verdict = ({ end, from, into, look }: Combination): Verdict => {
  // Who asks a fiber to stop, is done, or succeeds, fails nobody.
  if (end === "succeeds" || end === "is done" || end === "is asked to stop" || end === "is replaced") return "quiet"
  const looked = look !== "nobody" && look !== "nobody, the forker leaves" && look !== "join after the second"
  if (looked) return "quiet"
  const endsAtOnce = end === "fails at once"
  if (look === "nobody, the forker leaves" && !endsAtOnce) {
    // Its scope or its parent stops it before it can fail.
    if (into.startsWith("nested") || into.startsWith("child")) return "quiet"
  }
  // A scheduled fiber is stopped before its first step when its parent or its scope ends first.
  if (look === "nobody, the forker leaves" && (into === "child" || into === "nested scope")) return "quiet"
  // The caller's own fibers are the caller's, outside of every domain.
  if (from === "use" && (!isLayer(into) || (endsAtOnce && into.startsWith("layer scope ")))) return "quiet"
  // A fiber that ends before it gets into the scope is nobody's.
  if (into === "layer scope at once" && endsAtOnce) return "logged"
  if (into === "layer scope by runIn" && endsAtOnce) return "logged"
  return isLayer(into) ? "crash" : "logged"
}

class Failed extends Error {}

const ending = (end: Combination["end"]): Effect.Effect<void, unknown> => {
  const later = Effect.sleep("10 millis")
  switch (end) {
    case "succeeds":
      return later
    case "fails at once":
      return Effect.fail(new Failed("at once"))
    case "fails":
      return Effect.andThen(later, Effect.fail(new Failed("later")))
    case "dies":
      return Effect.andThen(later, Effect.die(new Failed("dies")))
    case "interrupts itself":
      return Effect.andThen(later, Effect.interrupt)
    case "takes from a queue that is shut down":
      return Effect.flatMap(Queue.unbounded<void>(), (queue) =>
        Effect.andThen(
          Effect.forkChild(Effect.andThen(later, Queue.shutdown(queue))),
          Queue.take(queue)
        ))
    case "is done":
      return Effect.andThen(later, Effect.fail(Cause.Done()))
    case "is asked to stop":
    case "is replaced":
      return Effect.never
  }
}

/** A layer's scope, and sets in it. */
export interface Sets {
  readonly scope: Scope.Scope
  readonly set: FiberSet.FiberSet<unknown, unknown>
  readonly map: FiberMap.FiberMap<string, unknown, unknown>
  readonly handle: FiberHandle.FiberHandle<unknown, unknown>
}

export const makeSets = Effect.gen(function*() {
  const sets: Sets = {
    scope: yield* Effect.scope,
    set: yield* FiberSet.make<unknown, unknown>(),
    map: yield* FiberMap.make<string, unknown, unknown>(),
    handle: yield* FiberHandle.make<unknown, unknown>()
  }
  return sets
})

type AnyFiber = Fiber.Fiber<unknown, unknown>

const fork = (
  { into }: Combination,
  { handle, map, scope, set }: Sets,
  effect: Effect.Effect<unknown, unknown>
): Effect.Effect<AnyFiber> => {
  switch (into) {
    case "layer scope":
    case "nested scope":
      return Effect.forkIn(effect, scope)
    case "layer scope at once":
      return Effect.forkIn(effect, scope, { startImmediately: true })
    case "layer scope by runIn":
      return Effect.contextWith((context: Context.Context<never>) =>
        Effect.sync(() => Fiber.runIn(Effect.runForkWith(context)(effect), scope))
      )
    case "layer FiberSet":
    case "nested FiberSet":
      return FiberSet.run(set, effect)
    case "layer FiberSet runtime":
      return Effect.map(FiberSet.runtime(set)<never>(), (run) => run(effect))
    case "layer FiberMap":
    case "nested FiberMap":
      return FiberMap.run(map, "key", effect)
    case "layer FiberHandle":
      return FiberHandle.run(handle, effect)
    case "child":
      return Effect.forkChild(effect)
    case "child at once":
      return Effect.forkChild(effect, { startImmediately: true })
    case "detached":
      return Effect.forkDetach(effect)
    case "run with the context":
      return Effect.contextWith((context: Context.Context<never>) =>
        Effect.sync(() => Effect.runForkWith(context)(effect))
      )
  }
}

const joinSet = ({ into }: Combination, { handle, map, set }: Sets): Effect.Effect<unknown, unknown> =>
  into.includes("FiberMap")
    ? FiberMap.join(map)
    : into.includes("FiberHandle")
    ? FiberHandle.join(handle)
    : FiberSet.join(set)

const look = (combination: Combination, sets: Sets, fiber: AnyFiber): Effect.Effect<unknown> => {
  const lives = Effect.sleep("50 millis")
  const late = Effect.sleep("500 millis")
  switch (combination.look) {
    case "nobody":
      return lives
    case "nobody, the forker leaves":
      return Effect.void
    case "join":
      return Effect.exit(Fiber.join(fiber))
    case "await":
      return Fiber.await(fiber)
    case "another fiber awaits":
      return Effect.andThen(Effect.forkDetach(Fiber.await(fiber), { startImmediately: true }), lives)
    case "an observer":
      return Effect.andThen(Effect.sync(() => fiber.addObserver((exit) => Exit.isSuccess(exit))), lives)
    case "join half a second later":
      return Effect.andThen(late, Effect.suspend(() => Effect.exit(Fiber.join(fiber))))
    case "poll half a second later":
      return Effect.andThen(late, Effect.sync(() => fiber.pollUnsafe()))
    case "join the set":
      return Effect.timeoutOption(Effect.exit(joinSet(combination, sets)), "50 millis")
    case "join the set half a second later":
      return Effect.andThen(late, Effect.timeoutOption(Effect.exit(joinSet(combination, sets)), "50 millis"))
    case "join after the second":
      return Effect.andThen(Effect.sleep("1200 millis"), Effect.suspend(() => Effect.exit(Fiber.join(fiber))))
  }
}

/** Forks, and looks or does not. */
export const script = (combination: Combination, layerSets: Sets): Effect.Effect<void> => {
  const run = (sets: Sets) =>
    Effect.gen(function*() {
      const fiber = yield* fork(combination, sets, ending(combination.end))
      if (combination.end === "is replaced") {
        yield* fork(combination, sets, Effect.sleep("1 millis"))
      } else if (combination.end === "is asked to stop") {
        yield* Effect.sync(() => fiber.interruptUnsafe())
      }
      yield* look(combination, sets, fiber)
    })
  return combination.into.startsWith("nested")
    ? Effect.scoped(Effect.flatMap(makeSets, run))
    : run(layerSets)
}

class Forks extends Context.Service<Forks, { readonly run: Effect.Effect<void> }>()("test/Forks") {}

const policy = { restart: "never", escalate: false } as const

/** The domains of a combination, and what its caller outside of them does. */
export const domainsOf = (name: string, combination: Combination): {
  readonly domains: ReadonlyArray<Domain.Any>
  readonly outside: Effect.Effect<unknown, unknown, DomainHandles>
} => {
  const { from } = combination
  let ticks = 0
  const layer = Layer.effect(Forks)(Effect.gen(function*() {
    const run = script(combination, yield* makeSets)
    const context = yield* Effect.context<never>()
    if (from === "build") yield* run
    if (from === "fiber of the build") yield* Effect.all([run, Effect.void], { concurrency: 2 })
    return {
      run: from === "callback" ? Effect.sync(() => void setImmediate(() => Effect.runForkWith(context)(run))) : run
    }
  }))
  const runs = Forks.use((forks) => forks.run)
  const domain = Domain.make(name, {
    layer,
    ...policy,
    ...(from === "worker" ? { workers: { runs } } : {}),
    ...(from === "onTick" ? { onTick: () => (ticks++ === 0 ? runs : Effect.void) } : {})
  })
  const domains: Array<Domain.Any> = [domain]
  if (from === "dependant") {
    domains.push(
      Domain.make(`${name}-dependant`, {
        dependsOn: [domain],
        layer: Layer.empty,
        workers: { runs },
        ...policy
      })
    )
  }
  return {
    domains,
    outside: from === "use" || from === "callback" ? Domain.use(domain, runs) : Effect.void
  }
}
