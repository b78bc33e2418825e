/**
 * The graph of an application's domains, checked: names, options, dependencies, cycles. Use `make` to check domains without
 * starting them. `Thunderline.layer` checks them by itself.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { Domain, DomainGraph } from "thunderline"
 *
 * const database = Domain.make("database", { layer: Layer.empty })
 * const api = Domain.make("api", { dependsOn: [database], layer: Layer.empty })
 *
 * const program = DomainGraph.make([api]).pipe(
 *   Effect.catch((error) => Effect.log(error.message)) // Domain api names database in dependsOn, which is not in domains (api)
 * )
 * ```
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Graph from "effect/Graph"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Domain from "./Domain.ts"
import type { RestartPolicy } from "./RestartPolicy.ts"

/** A domain's name breaks the rule for names. */
export class InvalidDomainName extends Schema.TaggedError<InvalidDomainName>()("InvalidDomainName", {
  name: Schema.String
}) {
  override get message() {
    return `"${this.name}" is no name for a domain: a lower-case letter, then lower-case letters, digits, _ or -, ` +
      `1 to 63 characters together`
  }
}

/** Two domains have the same name. */
export class DuplicateDomain extends Schema.TaggedError<DuplicateDomain>()("DuplicateDomain", {
  name: Schema.String
}) {
  override get message() {
    return `There are two domains named ${this.name}`
  }
}

/** A domain depends on, or comes after, one that is not among the application's domains. */
export class UnknownDependency extends Schema.TaggedError<UnknownDependency>()("UnknownDependency", {
  domain: Schema.String,
  dependency: Schema.String,
  kind: Schema.Literals(["dependsOn", "after"]),
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    const why = this.known.includes(this.dependency)
      ? `that is another one than the ${this.dependency} in domains`
      : `which is not in domains (${this.known.join(", ")})`
    return `Domain ${this.domain} names ${this.dependency} in ${this.kind}, ${why}`
  }
}

/** Domains wait for each other in a circle. */
export class DependencyCycle extends Schema.TaggedError<DependencyCycle>()("DependencyCycle", {
  path: Schema.Array(Schema.String)
}) {
  override get message() {
    return `Domains wait for each other: ${this.path.join(" -> ")}`
  }
}

/** An option of a domain is out of its range. */
export class InvalidDomainOption extends Schema.TaggedError<InvalidDomainOption>()("InvalidDomainOption", {
  domain: Schema.String,
  option: Schema.String,
  value: Schema.String,
  expected: Schema.String
}) {
  override get message() {
    return `Domain ${this.domain}: ${this.option} is ${this.value}, it must be ${this.expected}`
  }
}

/** What can be wrong with a graph of domains. */
export type DomainGraphError =
  | InvalidDomainName
  | DuplicateDomain
  | UnknownDependency
  | DependencyCycle
  | InvalidDomainOption

/** A domain with its neighbours. `rank` grows along every edge: what a domain waits for has a smaller one. */
export interface DomainNode {
  readonly domain: Domain.Any
  /** Its place in the order in which the domains were given. */
  readonly index: number
  readonly rank: number
  /** What it shares the fate of. */
  readonly dependsOn: ReadonlyArray<DomainNode>
  /** All that must be active before it: `dependsOn` and `after`. */
  readonly awaits: ReadonlyArray<DomainNode>
  /** The other way round: what shares its fate, and all that waits for it. */
  readonly dependants: ReadonlyArray<DomainNode>
  readonly followers: ReadonlyArray<DomainNode>
}

const isName = Schema.is(Domain.Name)

const isCount = (n: number, least: number) => Number.isSafeInteger(n) && n >= least

const optionError = (domain: Domain.Any): InvalidDomainOption | undefined => {
  const invalid = (option: string, value: unknown, expected: string) =>
    new InvalidDomainOption({ domain: domain.name, option, value: String(value), expected })
  if (!isCount(domain.activationTick, 1)) {
    return invalid("activationTick", domain.activationTick, "a whole number from 1")
  }
  if (!isCount(domain.maxMissedTicks, 1)) {
    return invalid("maxMissedTicks", domain.maxMissedTicks, "a whole number from 1")
  }
  for (const option of ["activationTimeout", "shutdownTimeout"] as const) {
    if (!Duration.isGreaterThan(domain[option], Duration.zero)) {
      return invalid(option, Duration.format(domain[option]), "longer than nothing")
    }
  }
  return domain.restart === "never" ? undefined : restartError(domain.restart, invalid)
}

/** A value of any type in a few words; an object is not asked to print itself. */
const describe = (value: unknown): string => {
  if (typeof value === "function") return "a function"
  return typeof value === "object" && value !== null ? "an object" : String(value)
}

const restartError = (
  policy: RestartPolicy,
  invalid: (option: string, value: unknown, expected: string) => InvalidDomainOption
): InvalidDomainOption | undefined => {
  if (policy.limit !== Infinity && !isCount(policy.limit, 0)) {
    return invalid("restart.limit", describe(policy.limit), "a whole number from 0")
  }
  const within = Duration.fromInput(policy.within)
  if (Option.isNone(within) || !Duration.isGreaterThan(within.value, Duration.zero)) {
    const value = typeof policy.within === "object" && Option.isSome(within)
      ? Duration.format(within.value)
      : describe(policy.within)
    return invalid("restart.within", value, "longer than nothing")
  }
  if (!Schedule.isSchedule(policy.schedule)) {
    return invalid("restart.schedule", describe(policy.schedule), "a Schedule")
  }
  return typeof policy.while === "function"
    ? undefined
    : invalid("restart.while", describe(policy.while), "a function")
}

/**
 * Checks that the domains make a graph that can start, and ties them together: names are good and unique, options are
 * in range, dependencies are among the domains, and there is no cycle. The nodes come in the order of the domains.
 */
export const make = Effect.fnUntraced(function*(
  domains: ReadonlyArray<Domain.Any>
): Effect.fn.Return<ReadonlyArray<DomainNode>, DomainGraphError> {
  const known = domains.map((domain) => domain.name)
  const indices = new Map<Domain.Any, number>()
  const names = new Set<string>()
  for (const [index, domain] of domains.entries()) {
    if (!isName(domain.name)) return yield* new InvalidDomainName({ name: domain.name })
    if (names.has(domain.name)) return yield* new DuplicateDomain({ name: domain.name })
    names.add(domain.name)
    indices.set(domain, index)
    const wrong = optionError(domain)
    if (wrong !== undefined) return yield* wrong
  }
  for (const domain of domains) {
    for (const kind of ["dependsOn", "after"] as const) {
      const missing = domain[kind].find((dependency) => !indices.has(dependency))
      if (missing !== undefined) {
        return yield* new UnknownDependency({ domain: domain.name, dependency: missing.name, kind, known })
      }
    }
  }
  const awaits = domains.map((domain) => [...new Set([...domain.dependsOn, ...domain.after])])
  const graph = Graph.directed<Domain.Any, void>((mutable) => {
    for (const domain of domains) Graph.addNode(mutable, domain)
    for (const [index, dependencies] of awaits.entries()) {
      for (const dependency of dependencies) Graph.addEdge(mutable, indices.get(dependency)!, index, undefined)
    }
  })
  const cycle = Graph.findCycle(graph)
  if (Option.isSome(cycle)) {
    // Edges lead from a dependency to what waits for it; reversed, the path reads "a waits for b".
    return yield* new DependencyCycle({ path: cycle.value.path.map((index) => known[index]!).toReversed() })
  }
  const nodes = domains.map((domain, index) => ({
    domain,
    index,
    rank: 0,
    dependsOn: new Array<DomainNode>(),
    awaits: new Array<DomainNode>(),
    dependants: new Array<DomainNode>(),
    followers: new Array<DomainNode>()
  }))
  let rank = 0
  for (const [index] of Graph.entries(Graph.topo(graph))) nodes[index]!.rank = rank++
  for (const [index, node] of nodes.entries()) {
    for (const dependency of awaits[index]!) {
      const other = nodes[indices.get(dependency)!]!
      node.awaits.push(other)
      other.followers.push(node)
    }
    for (const dependency of new Set(node.domain.dependsOn)) {
      const other = nodes[indices.get(dependency)!]!
      node.dependsOn.push(other)
      other.dependants.push(node)
    }
  }
  return nodes
})
