import * as Schema from "effect/Schema"
import type { DomainInfo } from "../../control/DomainInfo.ts"
import * as Format from "../../model/Format.ts"
import type { Overview } from "../commands/Status.ts"

/** One thing that was looked at: what was found, what it means, and what to do next. */
export const Check = Schema.Struct({
  /** What was looked at. */
  check: Schema.String,
  outcome: Schema.Literals(["ok", "warning", "failed", "skipped"]),
  found: Schema.String,
  means: Schema.String,
  /** The command to go on with; `null` when there is nothing to do. */
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
  means: "It was not looked at.",
  next: null
})

const names = (domains: ReadonlyArray<{ readonly name: string }>): string =>
  domains.length <= 5
    ? domains.map(({ name }) => name).join(", ")
    : `${domains.slice(0, 5).map(({ name }) => name).join(", ")} and ${domains.length - 5} more`

const firstLine = (text: string | null): string => text === null ? "without a cause" : Format.firstLine(text)

const ticks = ({ live, stats: { heartbeat } }: Overview): Check => {
  const check = "ticks flow"
  if (live.status === "fail") {
    return bad(
      check,
      "failed",
      live.reason,
      "The heartbeat has stopped or the event loop is blocked: no domain activates, and no crash is told by silence.",
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
    : ok(check, live.reason, "The heart beats.")
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
      "Something blocks the event loop for long: judging silence is suspended while it does.",
      "profile the program: node --cpu-prof; look for synchronous work in onTick and workers"
    )
    : ok(check, found, "The event loop is free.")
}

/** Waiting although its tick has come. */
const isStuck = (tick: number) => ({ activationTick, status }: DomainInfo): boolean =>
  status === "waiting" && activationTick <= tick

const waiting = ({ domains, live }: Overview): Check => {
  const check = "no domain is stuck in waiting"
  const stuck = domains.filter(isStuck(live.tick))
  if (stuck.length === 0) {
    const early = domains.filter(({ status }) => status === "waiting")
    return ok(
      check,
      early.length === 0
        ? "none waits"
        : `${names(early)} until tick ${Math.min(...early.map((d) => d.activationTick))}`,
      "Every domain whose tick has come got past its gate."
    )
  }
  const blockers = new Set(stuck.flatMap(({ blockedBy }) => blockedBy))
  const roots = domains.filter(({ name, status }) => blockers.has(name) && status !== "waiting")
  if (roots.length === 0) {
    return bad(
      check,
      "warning",
      `${names(stuck)} wait for dependencies that are on their way`,
      "They activate by themselves as soon as those are active.",
      "thunderline status, in a moment"
    )
  }
  const root = roots[0]!
  return bad(
    check,
    "failed",
    `${names(stuck)}, blocked by ${roots.map(({ name, status }) => `${name} (${status})`).join(", ")}`,
    "They never activate as long as what they depend on does not.",
    `thunderline ${root.status === "inactive" ? "activate" : "restart"} ${root.name}`
  )
}

const crashed = ({ domains }: Overview): Check => {
  const check = "no domain is crashed"
  const down = domains.filter(({ status }) => status === "crashed" || status === "restarting")
  if (down.length === 0) return ok(check, "none is", "No domain has failed without getting up again.")
  const dead = down.filter(({ status }) => status === "crashed")
  const found = down.slice(0, 5).map(({ cause, name, status }) => `${name} is ${status}: ${firstLine(cause)}`).join(
    "; "
  )
  return dead.length > 0
    ? bad(
      check,
      "failed",
      found,
      "Its restart budget is spent: it does not come back by itself, nor does what depends on it.",
      `thunderline history --domain ${dead[0]!.name} --status crashed, mend the cause, then thunderline restart ${
        dead[0]!.name
      }`
    )
    : bad(
      check,
      "warning",
      found,
      "It is started again by itself after its back-off.",
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
      "None is behind."
    )
    : bad(
      check,
      "warning",
      slow.map(({ health, name }) => `${name} is ${health}`).join(", "),
      "Its onTick takes longer than an interval; left unanswered for maxMissedTicks, it is restarted.",
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
    ? bad(check, "warning", found, "Transitions were lost while the database was away.", "thunderline history")
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

const version = (here: string) => ({ stats: { run } }: Overview): Check =>
  run.app === "thunderline" && run.version !== here
    ? bad(
      "versions agree",
      "warning",
      `the program is ${run.version}, this command ${here}`,
      "What one says the other may not understand.",
      "restart the program with the version that is installed"
    )
    : ok("versions agree", `${run.app} ${run.version}, command ${here}, Node ${process.versions.node}`, "They fit.")

/** What a running program's overview says about it. */
export const ofProgram = (
  seen: Overview,
  here: { readonly now: number; readonly version: string }
): ReadonlyArray<Check> =>
  [ticks, lateness, waiting, crashed, silent, trail, clock(here.now), version(here.version)].map((check) => check(seen))
