import * as Schema from "effect/Schema"
import * as Format from "../../control/Format.ts"
import * as DomainStanding from "../../model/DomainStanding.ts"
import type { Overview } from "../commands/Status.ts"

/** One check: what was found, what it means, and what to do next. */
export const Check = Schema.Struct({
  /** What is checked. */
  check: Schema.String,
  outcome: Schema.Literals(["ok", "warning", "failed", "skipped"]),
  found: Schema.String,
  means: Schema.String,
  /** The next command; `null` when there is nothing to do. */
  next: Schema.NullOr(Schema.String)
})
export interface Check extends Schema.Schema.Type<typeof Check> {}

export const ok = (check: string, found: string, means: string): Check => ({
  check,
  outcome: "ok",
  found,
  means,
  next: null
})

export const bad = (
  check: string,
  outcome: "warning" | "failed",
  found: string,
  means: string,
  next: string
): Check => ({ check, outcome, found, means, next })

export const skipped = (check: string, found: string): Check => ({
  check,
  outcome: "skipped",
  found,
  means: "It was not checked.",
  next: null
})

const names = (domains: ReadonlyArray<{ readonly name: string }>): string =>
  Format.names(domains.map(({ name }) => name), 6)

const firstLine = (text: string | null): string => text === null ? "no cause is known" : Format.firstLine(text)

const ticks = ({ live, stats: { heartbeat } }: Overview): Check => {
  const check = "ticks flow"
  if (live.status === "fail") {
    return bad(
      check,
      "failed",
      live.reason,
      "The heartbeat has stopped or the event loop is blocked: no domain activates, and silence is not judged.",
      "look in the log for the last tick, then restart the program"
    )
  }
  return heartbeat.tickCount > live.tick + 3
    ? bad(
      check,
      "failed",
      `${heartbeat.tickCount} ticks were sent, ${live.tick} were seen`,
      "The program cannot keep up with its own ticks.",
      "thunderline start --interval with a longer interval"
    )
    : ok(check, live.reason, "The heartbeat is alive.")
}

const lateness = ({ stats: { heartbeat } }: Overview): Check => {
  const { interval, lateness, skipped, tickCount } = heartbeat
  const check = "ticks are in time"
  const found =
    `late p50 ${Format.duration(lateness.p50)}, p99 ${Format.duration(lateness.p99)}, max ${
      Format.duration(lateness.max)
    } of ` +
    `${Format.duration(interval)}; ${skipped} of ${tickCount + skipped} skipped`
  return lateness.p99 > interval / 2
    ? bad(
      check,
      "warning",
      found,
      "Something blocks the event loop: silence is not judged meanwhile.",
      "profile the program: node --cpu-prof; look for synchronous work in onTick and workers"
    )
    : ok(check, found, "The event loop is free.")
}

const waiting = ({ domains, live }: Overview): Check => {
  const check = "no domain is stuck in waiting"
  const around = { byName: new Map(domains.map((domain) => [domain.name, domain])), tick: live.tick }
  const waits = domains.filter(({ status }) => status === "waiting")
    .map((domain) => ({ name: domain.name, wait: DomainStanding.waitOf(domain, around) }))
  const stuck = waits.filter(({ wait }) => wait._tag !== "Tick")
  if (stuck.length === 0) {
    const next = Math.min(...waits.flatMap(({ wait }) => wait._tag === "Tick" ? [wait.tick] : []))
    return ok(
      check,
      waits.length === 0 ? "none waits" : `${names(waits)} until tick ${next}`,
      "Every domain whose tick has come got past its gate."
    )
  }
  const blockers = new Set(stuck.flatMap(({ wait }) => wait._tag === "Blocked" ? wait.by : []))
  const roots = domains.filter(({ name, status }) => blockers.has(name) && status !== "waiting")
  const root = roots[0]
  if (root === undefined) {
    return bad(
      check,
      "warning",
      `${names(stuck)} wait for dependencies that are on their way`,
      "They activate by themselves as soon as those are active.",
      "thunderline status, in a moment"
    )
  }
  return bad(
    check,
    "failed",
    `${names(stuck)}, blocked by ${Format.names(roots.map(({ name, status }) => `${name} (${status})`))}`,
    "They never activate as long as what they depend on does not.",
    `thunderline ${root.status === "inactive" ? "activate" : "restart"} ${root.name}`
  )
}

const crashed = ({ domains }: Overview): Check => {
  const check = "no domain is crashed"
  const down = domains.filter(({ status }) => status === "crashed" || status === "restarting")
  if (down.length === 0) return ok(check, "none is", "No domain has failed for good.")
  const dead = down.filter(({ status }) => status === "crashed")
  const found = down.slice(0, 5).map(({ cause, name, status }) => `${name} is ${status}: ${firstLine(cause)}`).join(
    "; "
  )
  return dead.length > 0
    ? bad(
      check,
      "failed",
      found,
      "It does not come back by itself, nor does what depends on it.",
      `thunderline history --domain ${dead[0]!.name} --status crashed, fix the cause, then thunderline restart ${
        dead[0]!.name
      }`
    )
    : bad(
      check,
      "warning",
      found,
      "It restarts by itself after its back-off.",
      `thunderline history --domain ${down[0]!.name} --limit 10`
    )
}

const silent = ({ domains }: Overview): Check => {
  const check = "domains answer their ticks"
  const slow = domains.filter(({ health }) => health === "suspect" || health === "silent")
  return slow.length === 0
    ? ok(
      check,
      `${domains.filter(({ health }) => health === "healthy").length} of those with onTick are healthy`,
      "No domain is behind."
    )
    : bad(
      check,
      "warning",
      slow.map(({ health, name }) => `${name} is ${health}`).join(", "),
      "Its onTick takes longer than an interval; after maxMissedTicks unanswered ticks it is restarted.",
      `thunderline history --domain ${slow[0]!.name}`
    )
}

const trail = ({ stats: { trail } }: Overview): Check => {
  const check = "the trail is written"
  const found = `${trail.backend}: ${trail.written} written, ${trail.backlog} waiting, ${trail.dropped} dropped`
  if (trail.status === "degraded") {
    return bad(
      check,
      "failed",
      `${found}; ${trail.detail}`,
      "The program runs without its database; what is not written yet is kept in memory, up to a limit.",
      "thunderline migrate, which says what is wrong with the database"
    )
  }
  return trail.dropped > 0
    ? bad(check, "warning", found, "Transitions were dropped while the database did not answer.", "thunderline history")
    : ok(check, found, trail.durable ? "Nothing is lost." : "It is lost with the program.")
}

const clock = (here: number) => ({ stats: { now } }: Overview): Check => {
  const difference = now.epochMilliseconds - here
  const found = `the program's clock is ${Format.duration(Math.abs(difference))} ${
    difference < 0 ? "behind" : "ahead of"
  } this one`
  return Math.abs(difference) > 2_000
    ? bad(
      "the clocks agree",
      "warning",
      found,
      "Times in the trail cannot be compared with yours.",
      "timedatectl status"
    )
    : ok("the clocks agree", found, "Times in the trail can be trusted.")
}

/** The version of an app that says none. */
const unversioned = "0.0.0"

const version = (here: string) => ({ stats: { run } }: Overview): Check =>
  run.app === "thunderline" && run.version !== here && run.version !== unversioned
    ? bad(
      "versions agree",
      "warning",
      `the program is ${run.version}, this command ${here}`,
      "The two may not understand each other.",
      "restart the program with the version that is installed"
    )
    : ok(
      "versions agree",
      `${run.app} ${run.version}, command ${here}, Node ${process.versions.node}`,
      "They are the same."
    )

/** All checks of a running program's overview. */
export const ofProgram = (
  seen: Overview,
  here: { readonly now: number; readonly version: string }
): ReadonlyArray<Check> =>
  [ticks, lateness, waiting, crashed, silent, trail, clock(here.now), version(here.version)].map((check) => check(seen))
