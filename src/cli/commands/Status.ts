import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { DomainInfo } from "../../control/DomainInfo.ts"
import * as Format from "../../control/Format.ts"
import * as StandingText from "../../control/StandingText.ts"
import { Stats } from "../../control/Stats.ts"
import * as Health from "../../supervision/Health.ts"
import * as ExitCode from "../ExitCode.ts"
import * as RunningProgram from "../RunningProgram.ts"
import * as Output from "../text/Output.ts"
import * as Style from "../text/Style.ts"
import * as Table from "../text/Table.ts"
import { hanging } from "../text/Wrap.ts"

/** The program runs, but not every required domain is active. */
export class NotReady extends Schema.TaggedError<NotReady>()("NotReady", { reason: Schema.String }) {
  override readonly [Runtime.errorExitCode] = ExitCode.notReady
  override get message() {
    return this.reason
  }
}

const Report = Schema.Union([Health.Pass, Health.Fail])

/** Everything that one screen about a running program shows. */
export const Overview = Schema.Struct({
  ready: Report,
  startup: Report,
  live: Report,
  stats: Stats,
  domains: Schema.Array(DomainInfo)
})
export interface Overview extends Schema.Schema.Type<typeof Overview> {}

/** Asks the running program for its overview. */
export const overview = (where: RunningProgram.Where): Effect.Effect<Overview, unknown> =>
  RunningProgram.ask(where, ({ domains, health, system }) =>
    Effect.all({
      ready: health.ready(),
      startup: health.startup(),
      live: health.live(),
      stats: system.stats(),
      domains: Effect.map(domains.list(), (list) => list.domains)
    }, { concurrency: "unbounded" }))

/** The note on a domain: which tick and wave activated it, or why it is where it is. */
export const noteOf = (domain: DomainInfo, around: StandingText.Moment): string =>
  domain.status === "active" && domain.opening !== null && (domain.health ?? "healthy") === "healthy"
    ? `tick ${domain.opening.tick}, wave ${domain.opening.wave}`
    : StandingText.describe(domain, around)

const columns = (around: StandingText.Moment): ReadonlyArray<Table.Column<DomainInfo>> => [
  { head: "DOMAIN", cell: ({ name }) => name },
  { head: "STATUS", cell: ({ status }) => status, style: ({ status }, style) => Style.paintStatus(status, style) },
  {
    head: "FOR",
    cell: ({ since }) => Format.elapsed(around.now - since.epochMilliseconds),
    align: "right"
  },
  { head: "GEN", cell: ({ generation }) => String(generation), align: "right" },
  { head: "HEALTH", cell: ({ health }) => health ?? "" },
  { head: "NOTE", cell: (domain) => noteOf(domain, around) }
]

/** How many domains one screen lists, trouble first. */
const most = 20

/** The overview as text, `width` cells wide. */
export const render = (seen: Overview, options?: {
  readonly style?: Style.Style | undefined
  readonly width?: number | undefined
}): string => {
  const style = options?.style ?? Style.plain
  const width = options?.width
  const { domains, ready, stats: { trail, heartbeat, now, run } } = seen
  const around: StandingText.Moment = {
    byName: new Map(domains.map((domain) => [domain.name, domain])),
    tick: heartbeat.tickCount,
    now: now.epochMilliseconds
  }
  const sorted = domains.toSorted((a, b) => StandingText.severity(a) - StandingText.severity(b))
  const shown = sorted.slice(0, most)
  const rest = sorted.slice(most)
  const others = Map.groupBy(rest, ({ status }) => status)
  const verdict = ready.status === "pass" ? style.green("ready") : style.red("not ready")
  const line = (text: string) => hanging(text, width, " ".repeat(13))
  const lines = [
    hanging(
      `${style.bold(Format.oneLine(run.app))} ${Format.oneLine(run.version)}, ${verdict}: ${
        Format.oneLine(ready.reason)
      }`,
      width
    ),
    ...ready.degraded.map((text) => line(`  ${style.yellow("degraded")}   ${Format.oneLine(text)}`)),
    line(
      `  heartbeat  tick ${Format.number(heartbeat.tickCount)} every ${
        Format.duration(heartbeat.interval)
      }, late p50 ` +
        `${Format.duration(heartbeat.lateness.p50)} p99 ${Format.duration(heartbeat.lateness.p99)} ` +
        `max ${Format.duration(heartbeat.lateness.max)}, ${Format.number(heartbeat.skipped)} skipped`
    ),
    line(
      `  trail      ${trail.backend}, ${trail.status}, ${Format.number(trail.written)} written, ` +
        `${Format.number(trail.backlog)} waiting, ${Format.number(trail.dropped)} dropped`
    ),
    line(`  run        ${run.runId} since ${Format.dateTime(run.startedAt)} UTC`),
    "",
    Table.render(columns(around), shown, { style, width })
  ]
  if (rest.length > 0) {
    const states = Array.from(others, ([status, { length }]) => `${Format.number(length)} ${status}`).join(", ")
    lines.push(style.dim(`and ${Format.number(rest.length)} more: ${states}`))
  }
  return lines.join("\n")
}

/** `thunderline status`: one screen about the running program. */
export const command = Command.make(
  "status",
  { ...RunningProgram.flags, json: Output.json },
  Effect.fnUntraced(function*({ json, ...where }) {
    const seen = yield* overview(where)
    yield* Output.print(json, Overview, seen, (display) => render(seen, display))
    if (seen.ready.status === "fail") return yield* new NotReady({ reason: seen.ready.reason })
  })
).pipe(
  Command.withDescription(
    "Show the state of the running program on one screen; exits 3 if it is not ready, 4 if there is none"
  ),
  Command.withShortDescription("Show the state of the running program"),
  Command.withExamples([{ command: "thunderline status --json", description: "For scripts" }])
)
