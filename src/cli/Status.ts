import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Stats } from "../control/Api.ts"
import { DomainInfo } from "../control/DomainInfo.ts"
import * as Health from "../Health.ts"
import * as Output from "./Output.ts"
import * as RunningProgram from "./RunningProgram.ts"
import { millis, paintStatus, timeOf } from "./Show.ts"
import * as Style from "./Style.ts"
import * as Table from "./Table.ts"

/** The program runs, but not every required domain is active. */
export class NotReady extends Schema.TaggedError<NotReady>()("NotReady", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

const Report = Schema.Union([Health.Pass, Health.Fail])

/** All that one screen of a running program needs, asked for at once. */
export const Overview = Schema.Struct({
  ready: Report,
  startup: Report,
  live: Report,
  stats: Stats,
  domains: Schema.Array(DomainInfo)
})
export interface Overview extends Schema.Schema.Type<typeof Overview> {}

/** Asks the running program for its overview. */
export const overview = (
  where: RunningProgram.Where
): Effect.Effect<Overview, unknown, RunningProgram.RunningProgram> =>
  RunningProgram.ask(where, ({ domains, health, system }) =>
    Effect.all({
      ready: health.ready(),
      startup: health.startup(),
      live: health.live(),
      stats: system.stats(),
      domains: Effect.map(domains.list(), (list) => list.domains)
    }, { concurrency: "unbounded" }))

/** What is to be said of a domain besides its state. */
export const noteOf = ({ blockedBy, cause, restart, status, activationTick, opening }: DomainInfo): string => {
  const firstLine = cause?.split("\n")[0] ?? ""
  switch (status) {
    case "waiting":
      return blockedBy.length > 0
        ? `blocked by ${blockedBy.join(", ")}`
        : `for tick ${activationTick} and its dependencies`
    case "restarting":
      return `attempt ${restart?.attempt ?? "?"}: ${firstLine}`
    case "crashed":
      return firstLine
    case "activating":
    case "active":
      return opening === null ? "" : `tick ${opening.tick}, wave ${opening.wave}`
    default:
      return ""
  }
}

const columns = (now: DateTime.Utc): ReadonlyArray<Table.Column<DomainInfo>> => [
  { head: "DOMAIN", cell: ({ name }) => name },
  { head: "STATUS", cell: ({ status }) => status, style: ({ status }, style) => paintStatus(status, style) },
  {
    head: "FOR",
    cell: ({ since }) => millis(Math.max(0, now.epochMilliseconds - since.epochMilliseconds)),
    align: "right"
  },
  { head: "BUILT", cell: ({ generation }) => String(generation), align: "right" },
  { head: "HEALTH", cell: ({ health }) => health ?? "" },
  { head: "NOTE", cell: noteOf }
]

/** How many domains one screen lists; those that are not active go first. */
const most = 20

const render = ({ domains, ready, stats }: Overview, style: Style.Style, width: number | undefined): string => {
  const { audit, heartbeat, now, run } = stats
  const shown = domains.toSorted((a, b) => Number(a.status === "active") - Number(b.status === "active")).slice(0, most)
  const verdict = ready.status === "pass" ? style.green("ready") : style.red("not ready")
  const lines = [
    `${style.bold(run.app)} ${run.version}, ${verdict}: ${ready.reason}`,
    ...ready.degraded.map((text) => `  ${style.yellow("degraded")}  ${text}`),
    `  heartbeat  tick ${heartbeat.tickCount} every ${millis(heartbeat.interval)}, late p50 ` +
    `${millis(heartbeat.lateness.p50)} p99 ${millis(heartbeat.lateness.p99)} max ${millis(heartbeat.lateness.max)}, ` +
    `${heartbeat.skipped} skipped`,
    `  trail      ${audit.backend}, ${audit.status}, ${audit.written} written, ${audit.backlog} waiting, ` +
    `${audit.dropped} dropped`,
    `  run        ${run.runId} since ${timeOf(run.startedAt)} UTC`,
    "",
    Table.render(columns(now), shown, { style, width })
  ]
  if (domains.length > shown.length) lines.push(style.dim(`and ${domains.length - shown.length} more, all active`))
  return lines.join("\n")
}

/** `thunderline status`: one screen about the running program. */
export const command = Command.make(
  "status",
  { ...RunningProgram.flags, json: Output.json },
  Effect.fnUntraced(function*({ json, ...where }) {
    const seen = yield* overview(where)
    if (json) yield* Output.printJson(Overview, seen)
    else yield* Console.log(render(seen, yield* Style.current, yield* Output.width))
    if (seen.ready.status === "fail") return yield* new NotReady({ reason: seen.ready.reason })
  })
).pipe(
  Command.withDescription(
    "Show on one screen how the running program does; exits 3 when it is not ready, 4 when there is none"
  ),
  Command.withShortDescription("Show how the running program does"),
  Command.withExamples([{ command: "thunderline status --json", description: "For scripts" }])
)
