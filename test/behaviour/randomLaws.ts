import type * as Domain from "../../src/model/Domain.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import type { StatusName } from "../../src/model/DomainStatus.ts"
import type * as Simulation from "../../src/testing/Simulation.ts"
import { text, verdict } from "./forkGrammar.ts"
import { type Forked, within } from "./randomDomains.ts"
import type { Plan } from "./randomPlan.ts"

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

export const edgeOf = (event: DomainEvent) => `${event.from} -> ${event.to} (${event.reason})`

export const checkEvents = (domains: ReadonlyArray<Domain.Any>, events: ReadonlyArray<DomainEvent>): Array<string> => {
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
export const checkForks = (
  forked: ReadonlyArray<Forked>,
  events: ReadonlyArray<DomainEvent>,
  logged: ReadonlySet<string>,
  hostile: ReadonlySet<string>
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
    if (hostile.has(event.domain)) continue
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
export const checkEnd = (report: Simulation.Report): Array<string> =>
  report.domains.flatMap(({ blockedBy, name, status }) =>
    status._tag === "active" || status._tag === "crashed" || status._tag === "inactive" || blockedBy.length > 0
      ? []
      : [`${name} is ${status._tag} at the end`]
  )

export const checkHeartbeat = (plan: Plan, { heartbeat }: Simulation.Report): Array<string> =>
  heartbeat.tickCount === plan.ticks && heartbeat.skipped === 0 && heartbeat.lateness.max === 0
    ? []
    : [`the heartbeat missed a tick: ${JSON.stringify(heartbeat)}`]

/** Long enough for every fault to have happened and every back-off to have ended. */
export const settles = (plan: Plan) => plan.ticks === 45
