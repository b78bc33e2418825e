import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { DomainEvent } from "../DomainEvent.ts"
import { StatusName } from "../DomainStatus.ts"
import { Repo } from "../Repo.ts"
import * as DurationText from "./DurationText.ts"
import * as Output from "./Output.ts"
import { millis, paintStatus, timeOf } from "./Show.ts"
import * as Style from "./Style.ts"
import * as Table from "./Table.ts"
import * as Trail from "./Trail.ts"
import * as TrailSettings from "./TrailSettings.ts"

/** What `--since` takes: a point in time, or how long ago. */
export type Since = DateTime.Utc | Duration.Duration

/** Reads `2025-01-31T13:45:00Z`, `2025-01-31` (UTC) or `10m`. */
export const parseSince = (text: string): Option.Option<Since> =>
  Option.orElse<Since, Since>(
    DurationText.parse(text),
    () => /^\d{4}-\d{2}-\d{2}/.test(text) ? Option.map(DateTime.make(text), DateTime.toUtc) : Option.none()
  )

/** The point in time that `--since` means now. */
export const sinceToUtc = (since: Since): Effect.Effect<DateTime.Utc> =>
  Duration.isDuration(since)
    ? Effect.map(Clock.currentTimeMillis, (now) => DateTime.makeUnsafe(now - Duration.toMillis(since)))
    : Effect.succeed(since)

const domain = Flag.String("domain").pipe(
  Flag.optional,
  Flag.withMetavar("name"),
  Flag.withDescription("Only this domain")
)

const status = Flag.Literals("status", StatusName.literals).pipe(
  Flag.optional,
  Flag.withMetavar("state"),
  Flag.withDescription("Only moves into this state")
)

const since = Flag.String("since").pipe(
  Flag.filterMap(parseSince, () => `a time such as 2025-01-31T13:45:00Z, or how long ago, such as 10m or "2 hours"`),
  Flag.optional,
  Flag.withMetavar("time"),
  Flag.withDescription("Only from then on: 2025-01-31T13:45:00Z, or how long ago: 10m, \"2 hours\"")
)

/** Reads how many transitions to show: 1 to 1,000. */
export const parseLimit = (text: string): Option.Option<number> =>
  /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 1000 ? Option.some(Number(text)) : Option.none()

const limit = Flag.String("limit").pipe(
  Flag.filterMap(parseLimit, () => "a whole number from 1 to 1000"),
  Flag.withDefault(50),
  Flag.withMetavar("number"),
  Flag.withDescription("At most so many, 1 to 1000 (default 50)")
)

const cursor = Flag.String("cursor").pipe(
  Flag.optional,
  Flag.withMetavar("cursor"),
  Flag.withDescription("Go on where the page before ended, with the same flags")
)

/** The table of transitions. */
export const columns: ReadonlyArray<Table.Column<DomainEvent>> = [
  { head: "TIME (UTC)", cell: (event) => timeOf(event.occurredAt) },
  { head: "TICK", cell: (event) => String(event.tick), align: "right" },
  { head: "DOMAIN", cell: (event) => event.domain },
  { head: "MOVED TO", cell: (event) => event.to, style: (event, style) => paintStatus(event.to, style) },
  { head: "WHY", cell: (event) => event.reason },
  { head: "TOOK", cell: (event) => event.durationMs === null ? "" : millis(event.durationMs), align: "right" }
]

const firstLine = (text: string): string => text.split("\n")[0]!

const HistoryPage = Schema.Struct({ events: Schema.Array(DomainEvent), next: Schema.NullOr(Schema.String) })

/** `thunderline history`: the transitions that the trail has kept, newest first. */
export const command = Command.make(
  "history",
  { ...TrailSettings.flags, domain, status, since, limit, cursor, json: Output.json },
  Effect.fnUntraced(function*({ cursor, domain, json, limit, since, status, ...settings }) {
    const from = Option.isNone(since) ? undefined : yield* sinceToUtc(since.value)
    const page = yield* Trail.read(
      settings,
      Repo.use((repo) =>
        repo.events({
          domain: Option.getOrUndefined(domain),
          status: Option.getOrUndefined(status),
          cursor: Option.getOrUndefined(cursor),
          since: from,
          limit
        })
      )
    )
    if (json) {
      return yield* Output.printJson(HistoryPage, { events: page.events, next: Option.getOrNull(page.next) })
    }
    if (page.events.length === 0) return yield* Console.log("Nothing has been recorded that matches.")
    const style = yield* Style.current
    const width = yield* Output.width
    yield* Console.log(Table.render(columns, page.events, {
      style,
      width,
      note: (event) => event.cause === null ? undefined : firstLine(event.cause)
    }))
    if (Option.isSome(page.next)) {
      yield* Console.error(`There is more: add --cursor ${page.next.value} to the same command.`)
    }
  })
).pipe(
  Command.withDescription("Show how the domains moved from state to state, newest first"),
  Command.withExamples([
    { command: "thunderline history --domain thunderbolt --limit 20" },
    { command: "thunderline history --status crashed --since 2h", description: "What crashed, and why" }
  ])
)
