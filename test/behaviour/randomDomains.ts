import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Domain from "../../src/model/Domain.ts"
import type * as Fault from "../../src/testing/Fault.ts"
import type * as Simulation from "../../src/testing/Simulation.ts"
import { type Combination, makeSets, script, type Sets } from "./forkGrammar.ts"
import { forkings, type HostilePlan, hostileValues, type Plan, revokedProxy } from "./randomPlan.ts"

/** A service that knows whether its generation still lives, and fails a use that comes too late. */
class Token {
  open = true
  readonly name: string
  readonly violations: Array<string>
  constructor(name: string, violations: Array<string>) {
    this.name = name
    this.violations = violations
  }
  use(by: string) {
    if (!this.open) this.violations.push(`${by} used an ended generation of ${this.name}`)
  }
}

export const within = 5_000
const policies = {
  never: "never",
  quick: Domain.restartPolicy({ schedule: Schedule.exponential("100 millis"), limit: 2, within }),
  patient: Domain.restartPolicy({ schedule: Schedule.spaced("1500 millis"), limit: 2, within }),
  generous: Domain.restartPolicy({ limit: 10, within }),
  dying: Domain.restartPolicy({ schedule: Schedule.fromStep(Effect.die("no step")), limit: 3, within }),
  hanging: Domain.restartPolicy({ schedule: Schedule.fromStep(Effect.never), limit: 3, within }),
  throwing: Domain.restartPolicy({
    while: () => {
      throw revokedProxy()
    },
    limit: 3,
    within
  })
} as const

export const nameOf = (position: number) => `d${position}`

/** A fork that was made, and when. */
export interface Forked {
  readonly domain: string
  readonly combination: Combination
  readonly at: number
}

export interface Lived {
  readonly violations: Array<string>
  readonly forked: Array<Forked>
}

/** The forks of a domain's plan, each made once by the fiber and in the generation that it is for. */
const makeForks = (plan: Plan, position: number, forked: Array<Forked>) => {
  let generation = 0
  let sets: Sets | undefined
  const left = plan.forks.flatMap((fork) =>
    fork.domain % plan.domains.length === position
      ? [{ ...fork, combination: forkings[fork.combination]! }]
      : []
  )
  return {
    built: Effect.gen(function*() {
      generation++
      sets = yield* makeSets
    }),
    from: Effect.fnUntraced(function*(from: Combination["from"]) {
      const due = left.findIndex((fork) => fork.generation === generation && fork.combination.from === from)
      if (due < 0 || sets === undefined) return
      const [fork] = left.splice(due, 1)
      const at = yield* Clock.currentTimeMillis
      forked.push({ domain: nameOf(position), combination: fork!.combination, at })
      yield* script(fork!.combination, sets)
    })
  }
}

/** Fails or throws where and when the plan says so, once each. */
const makeHostile = (plan: Plan, position: number) => {
  let generation = 0
  const left = plan.hostile.filter((one) => one.domain % plan.domains.length === position)
  const due = (where: HostilePlan["where"]) => {
    const found = left.findIndex((one) => one.where === where && one.generation === generation)
    return found < 0 ? undefined : left.splice(found, 1)[0]
  }
  return {
    built: Effect.sync(() => generation++),
    /** The effect, or what throws before there is one. */
    at: (where: HostilePlan["where"]): Effect.Effect<void, unknown> => {
      const one = due(where)
      if (one === undefined) return Effect.void
      const value = hostileValues[one.value]!()
      if (one.throws) throw value
      return Effect.fail(value)
    }
  }
}

export const makeDomains = (plan: Plan, { forked, violations }: Lived): ReadonlyArray<Domain.Any> => {
  const domains: Array<Domain.Any> = []
  for (const [position, one] of plan.domains.entries()) {
    const name = nameOf(position)
    const earlier = (bits: number) => domains.filter((_, other) => (bits & (1 << other)) !== 0)
    const dependsOn = earlier(one.dependsOn)
    const tag = (of: string) => Context.Service<Token>(`model/${of}`)
    const touch = Effect.gen(function*() {
      for (const of of [name, ...dependsOn.map((dependency) => dependency.name)]) (yield* tag(of)).use(name)
    })
    const forks = makeForks(plan, position, forked)
    const hostile = makeHostile(plan, position)
    let lastTick = 0
    const handle = Effect.fnUntraced(function*(tick: { readonly count: number }) {
      if (tick.count <= lastTick) violations.push(`${name} answered tick ${tick.count} after ${lastTick}`)
      lastTick = tick.count
      yield* touch
      yield* forks.from("onTick")
      if (one.onTick === "slow") yield* Effect.sleep(1400)
      yield* touch
    })
    domains.push(Domain.make(name, {
      dependsOn,
      after: earlier(one.after & ~one.dependsOn),
      activationTick: one.activationTick,
      layer: Layer.effect(
        tag(name),
        Effect.gen(function*() {
          for (const dependency of dependsOn) (yield* tag(dependency.name)).use(name)
          yield* forks.built
          yield* hostile.built
          yield* hostile.at("build")
          if (plan.hostile.some(({ where }) => where === "fork")) {
            yield* Effect.forkScoped(Effect.andThen(Effect.sleep(700), Effect.suspend(() => hostile.at("fork"))))
          }
          yield* Effect.sleep(one.buildMs)
          yield* forks.from("build")
          return yield* Effect.acquireRelease(
            Effect.sync(() => new Token(name, violations)),
            (token) =>
              Effect.sync(() => {
                token.open = false
              })
          )
        })
      ),
      workers: {
        loop: Effect.repeat(touch, Schedule.spaced("900 millis")),
        forks: forks.from("worker"),
        hostile: Effect.suspend(() => hostile.at("worker"))
      },
      ...(one.onTick === "none" ? {} : { onTick: (tick) => Effect.andThen(hostile.at("onTick"), handle(tick)) }),
      onActivate: () => hostile.at("onActivate"),
      onDeactivate: () => Effect.andThen(touch, hostile.at("onDeactivate")),
      restart: policies[one.restart],
      activationTimeout: "2 seconds",
      shutdownTimeout: "1 second"
    }) as Domain.Any)
  }
  return domains
}

export const makeScript = (plan: Plan): Simulation.Script => {
  const name = (position: number) => nameOf(position % plan.domains.length)
  return {
    faults: [
      ...plan.faults.map(({ domain, generation, kind, ms, tick }) =>
        ({ _tag: kind, domain: name(domain), generation, tick, ms }) as Fault.Fault
      ),
      // A shutdown that comes early takes a while, so that what waits for its restart then is tempted.
      ...(plan.ticks <= 4 ? [{ _tag: "SlowShutdown", domain: nameOf(0), ms: 900 } as const] : [])
    ],
    operations: [
      ...plan.operations.map((operation) => ({ ...operation, domain: name(operation.domain) })),
      ...(plan.storm === 0 ? [] : plan.domains.map((_, position) => ({
        tick: plan.storm,
        domain: nameOf(position),
        operation: position === 0 ? "deactivate" as const : "restart" as const
      })))
    ]
  }
}
