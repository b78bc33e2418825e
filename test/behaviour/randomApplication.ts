import * as Arbitrary from "effect/Arbitrary"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Domain from "../../src/model/Domain.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import type { StatusName } from "../../src/model/DomainStatus.ts"
import type * as Fault from "../../src/testing/Fault.ts"
import * as Simulation from "../../src/testing/Simulation.ts"
import { type Combination, combinations, makeSets, script, type Sets, text, verdict } from "./forkGrammar.ts"

// ---------------------------------------------------------------------------------------------- what is generated

const index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 }))
const small = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** A domain by numbers: which earlier ones it depends on and comes after (as bits), and its policy. */
const DomainPlan = Schema.Struct({
  dependsOn: Schema.Literals([0, 1, 1, 2, 3, 5, 7, 31]),
  after: small(0, 63),
  activationTick: small(1, 3),
  onTick: Schema.Literals(["none", "quick", "slow"]),
  restart: Schema.Literals(["never", "quick", "patient", "patient", "generous"]),
  buildMs: Schema.Literals([0, 0, 0, 400, 1500])
})

const FaultPlan = Schema.Struct({
  domain: index,
  kind: Schema.Literals([
    "FailActivation",
    "FailActivation",
    "SlowActivation",
    "HangActivation",
    "FailTick",
    "SlowTick",
    "HangTick",
    "HangTick",
    "KillWorker",
    "KillWorker",
    "KillScoped",
    "KillScoped",
    "Leak",
    "FailShutdown",
    "SlowShutdown",
    "SlowShutdown",
    "HangShutdown"
  ]),
  generation: small(1, 3),
  tick: small(1, 3),
  ms: Schema.Literals([0, 300, 700, 1300, 2600, 9000])
})

/** A fork of the grammar, by the build, a worker or the first tick of a generation. */
const forkings = combinations.filter(({ from }) => from === "build" || from === "worker" || from === "onTick")
const ForkPlan = Schema.Struct({
  domain: index,
  generation: small(1, 3),
  combination: small(0, forkings.length - 1)
})

const OperationPlan = Schema.Struct({
  tick: small(1, 9),
  domain: index,
  operation: Schema.Literals(["restart", "restart", "deactivate", "activate"])
})

const Plan = Schema.Struct({
  domains: Schema.Array(DomainPlan).check(Schema.isMinLength(3), Schema.isMaxLength(6)),
  faults: Schema.Array(FaultPlan).check(Schema.isMinLength(7), Schema.isMaxLength(14)),
  forks: Schema.Array(ForkPlan).check(Schema.isMinLength(2), Schema.isMaxLength(6)),
  operations: Schema.Array(OperationPlan).check(Schema.isMinLength(6), Schema.isMaxLength(14)),
  /** The tick at which an operator takes the first domain out and restarts all others; 0 for never. */
  storm: Schema.Literals([0, 2, 3, 3, 4, 5, 6]),
  ticks: Schema.Literals([3, 4, 12, 24, 45]),
  seed: small(0, 1_000_000)
})
type Plan = typeof Plan.Type

/** Plans, as many as asked for, each lived and held against the laws; the seed to replay a failure is in the result. */
export const check = (runs: number, seen: (edge: string) => void) => {
  let run = 0
  return Arbitrary.checkEffect(
    Arbitrary.schema(Plan),
    Effect.fnUntraced(function*(plan) {
      const { edges, violations } = yield* live(plan, { twice: run++ % 10 === 0 })
      for (const edge of edges) seen(edge)
      if (violations.length > 0) return yield* Effect.fail(violations)
      return true
    }),
    { runs }
  )
}

// --------------------------------------------------------------------------------------- the domains of a plan

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

const within = 5_000
const policies = {
  never: "never",
  quick: Domain.restartPolicy({ schedule: Schedule.exponential("100 millis"), limit: 2, within }),
  patient: Domain.restartPolicy({ schedule: Schedule.spaced("1500 millis"), limit: 2, within }),
  generous: Domain.restartPolicy({ limit: 10, within })
} as const

const nameOf = (position: number) => `d${position}`

/** A fork that was made, and when. */
interface Forked {
  readonly domain: string
  readonly combination: Combination
  readonly at: number
}

interface Lived {
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

const makeDomains = (plan: Plan, { forked, violations }: Lived): ReadonlyArray<Domain.Any> => {
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
    let lastTick = 0
    const onTick = Effect.fnUntraced(function*(tick: { readonly count: number }) {
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
      workers: { loop: Effect.repeat(touch, Schedule.spaced("900 millis")), forks: forks.from("worker") },
      ...(one.onTick === "none" ? {} : { onTick }),
      onDeactivate: () => touch,
      restart: policies[one.restart],
      activationTimeout: "2 seconds",
      shutdownTimeout: "1 second"
    }) as Domain.Any)
  }
  return domains
}

const makeScript = (plan: Plan): Simulation.Script => {
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

// ------------------------------------------------------------------------------------------------------- the laws

/** The table of states once more, written down independently: what may follow what, and why. */
const legal: { readonly [edge: string]: ReadonlyArray<string> } = {
  "waiting -> activating": ["tick", "dependency", "operator", "backoff"],
  "waiting -> inactive": ["operator", "shutdown"],
  "activating -> active": ["activated"],
  "activating -> crashed": ["failure", "timeout"],
  "activating -> deactivating": ["dependency", "operator", "shutdown"],
  "active -> crashed": ["failure", "silent"],
  "active -> deactivating": ["dependency", "operator", "shutdown"],
  "deactivating -> deactivating": ["operator", "shutdown"],
  "deactivating -> waiting": ["dependency", "operator"],
  "deactivating -> activating": ["operator"],
  "deactivating -> inactive": ["operator", "shutdown"],
  "crashed -> restarting": ["backoff"],
  "crashed -> activating": ["operator"],
  "crashed -> waiting": ["operator"],
  "crashed -> inactive": ["operator"],
  "restarting -> activating": ["backoff", "operator"],
  "restarting -> waiting": ["backoff", "operator"],
  "restarting -> inactive": ["operator", "shutdown"],
  "inactive -> waiting": ["operator"]
}

/** Every edge of the table with its reason, for the coverage. */
export const edges: ReadonlyArray<string> = Object.entries(legal).flatMap(([edge, reasons]) =>
  reasons.map((reason) => `${edge} (${reason})`)
).filter((edge) =>
  // Opened by an operator's or the back-off's hand only in the rare moment between a closing and its settling.
  edge !== "waiting -> activating (backoff)"
)

const edgeOf = (event: DomainEvent) => `${event.from} -> ${event.to} (${event.reason})`

const checkEvents = (domains: ReadonlyArray<Domain.Any>, events: ReadonlyArray<DomainEvent>): Array<string> => {
  const wrong: Array<string> = []
  const state = new Map<string, StatusName>(domains.map((domain) => [domain.name, "waiting"]))
  const activeAt = new Map<string, number>()
  const attempts = new Map<string, number>()
  const blame = (event: DomainEvent, what: string) => wrong.push(`${event.domain}: ${edgeOf(event)}: ${what}`)
  let stopping = false
  for (const event of events) {
    const at = event.occurredAt.epochMilliseconds
    if (state.get(event.domain) !== event.from) blame(event, `it was ${state.get(event.domain)}`)
    if (legal[`${event.from} -> ${event.to}`]?.includes(event.reason) !== true) blame(event, "is not in the table")
    if (event.reason === "shutdown") stopping = true
    if (stopping && (event.to === "activating" || event.to === "active")) blame(event, "after the shutdown began")
    if (event.from === "active") {
      // A domain that was stable starts its delays over; so does one that an operator moved.
      if (at - activeAt.get(event.domain)! >= within) attempts.set(event.domain, 0)
    }
    if (
      event.reason === "operator" && (event.to !== "inactive" && event.to !== "deactivating" || event.from === "active")
    ) {
      attempts.set(event.domain, 0)
    }
    if (event.to === "active") activeAt.set(event.domain, at)
    if (event.to === "restarting") {
      const attempt = (attempts.get(event.domain) ?? 0) + 1
      attempts.set(event.domain, attempt)
      if (event.metadata["attempt"] !== attempt) blame(event, `attempt ${event.metadata["attempt"]}, not ${attempt}`)
    }
    state.set(event.domain, event.to)
    for (const domain of domains) {
      if (state.get(domain.name) !== "active") continue
      for (const dependency of domain.dependsOn) {
        if (state.get(dependency.name) !== "active") {
          blame(event, `${domain.name} is active and ${dependency.name} is ${state.get(dependency.name)}`)
        }
      }
    }
  }
  return wrong
}

/** What background work comes to: no false crash, and no end that nobody hears of. */
const checkForks = (
  forked: ReadonlyArray<Forked>,
  events: ReadonlyArray<DomainEvent>,
  logged: ReadonlySet<string>
): Array<string> => {
  const wrong: Array<string> = []
  const activating = events.filter((event) => event.to === "activating")
  /** More than one only where a generation ended in the millisecond in which the next one began. */
  const generationsOf = ({ at, domain }: Forked) => {
    const mine = activating.filter((event) => event.domain === domain)
    const before = mine.findLast((event) => event.occurredAt.epochMilliseconds < at)
    const then = mine.filter((event) => event.occurredAt.epochMilliseconds === at)
    return [...(before === undefined ? [] : [before]), ...then].map(({ generation }) => generation)
  }
  const isOf = (fork: Forked) => {
    const generations = generationsOf(fork)
    return (event: DomainEvent) => event.domain === fork.domain && generations.includes(event.generation)
  }
  for (const event of events) {
    if (event.metadata["fiber"] !== "scoped" || event.cause?.includes("was injected into") === true) continue
    const mine = forked.filter((fork) => isOf(fork)(event))
    if (!mine.some(({ combination }) => verdict(combination) === "crash")) {
      const had = mine.map(({ combination }) => text(combination)).join(", ")
      wrong.push(`${event.domain} crashed by ${event.cause}, and had ${had}`)
    }
  }
  for (const fork of forked) {
    const expected = verdict(fork.combination)
    if (expected === "quiet") continue
    const leaving = events.find((event) =>
      isOf(fork)(event) && event.from !== "waiting" && event.to !== "active" && event.to !== "activating"
    )
    // A generation that ends takes its forks with it, before they fail or are judged.
    if (leaving !== undefined && leaving.occurredAt.epochMilliseconds <= fork.at + 3_000) continue
    if (expected === "crash") wrong.push(`${fork.domain} survived ${text(fork.combination)}`)
    else if (!logged.has(fork.domain)) wrong.push(`${fork.domain} heard nothing of ${text(fork.combination)}`)
  }
  return wrong
}

/** Once nothing goes wrong any more, a domain is active, or it is known why not. */
const checkEnd = (report: Simulation.Report): Array<string> =>
  report.domains.flatMap(({ blockedBy, name, status }) =>
    status._tag === "active" || status._tag === "crashed" || status._tag === "inactive" || blockedBy.length > 0
      ? []
      : [`${name} is ${status._tag} at the end`]
  )

const checkHeartbeat = (plan: Plan, { heartbeat }: Simulation.Report): Array<string> =>
  heartbeat.tickCount === plan.ticks && heartbeat.skipped === 0 && heartbeat.lateness.max === 0
    ? []
    : [`the heartbeat missed a tick: ${JSON.stringify(heartbeat)}`]

/** Long enough for every fault to have happened and every back-off to have ended. */
const settles = (plan: Plan) => plan.ticks === 45

/** Fibers are numbered through the whole process. */
const logOf = (events: ReadonlyArray<DomainEvent>) => JSON.stringify(events).replaceAll(/#\d+/g, "#")

/** Lives a plan and says everything that broke a law, and which edges were taken. */
const live = Effect.fnUntraced(function*(plan: Plan, options?: { readonly twice?: boolean }) {
  const lived: Lived = { violations: [], forked: [] }
  const { violations } = lived
  const logged = new Set<string>()
  const logger = Logger.make(({ fiber, logLevel, message }) => {
    if (logLevel === "Fatal") violations.push(String(message))
    const annotations = fiber.getRef(References.CurrentLogAnnotations)
    if (annotations["event.name"] === "thunderline.domain.fiber_failed") logged.add(String(annotations["domain"]))
  })
  const simulate = (lived: Lived) =>
    Simulation.run({
      domains: makeDomains(plan, lived),
      script: makeScript(plan),
      ticks: plan.ticks,
      seed: plan.seed
    }).pipe(Effect.provide(Logger.layer([logger])))
  const report = yield* simulate(lived)
  violations.push(
    ...checkEvents(makeDomains(plan, { violations: [], forked: [] }), report.events),
    ...checkForks(lived.forked, report.events, logged),
    ...checkHeartbeat(plan, report),
    ...(settles(plan) ? checkEnd(report) : [])
  )
  if (options?.twice === true) {
    const again = yield* simulate({ violations, forked: [] })
    if (logOf(again.events) !== logOf(report.events)) violations.push("the same seed gave another event log")
  }
  return { violations, edges: report.events.map(edgeOf) }
})
