import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { StatusName } from "../../model/DomainStatus.ts"
import { latestRun } from "../../trail/LatestRun.ts"
import type { EventQuery, Repo, RepoError } from "../../trail/Repo.ts"
import * as DurationText from "../text/DurationText.ts"

/** What `--since` and `--until` take: a point in time, or how long ago. */
export type Moment = DateTime.Utc | Duration.Duration

/** Reads `2025-01-31T13:45:00Z`, `2025-01-31` (UTC) or `10m`. */
export const parseMoment = (text: string): Option.Option<Moment> =>
  Option.orElse<Moment, Moment>(
    DurationText.parse(text),
    () => /^\d{4}-\d{2}-\d{2}/.test(text) ? Option.map(DateTime.make(text), DateTime.toUtc) : Option.none()
  )

/** The point in time, seen from now. */
export const momentToUtc = (moment: Moment): Effect.Effect<DateTime.Utc> =>
  Duration.isDuration(moment)
    ? Effect.map(Clock.currentTimeMillis, (now) => DateTime.makeUnsafe(now - Duration.toMillis(moment)))
    : Effect.succeed(moment)

/** A range of ticks as `Repo.events` takes it: without `toTick`. */
export interface TickRange {
  readonly fromTick: number | undefined
  readonly toTick: number | undefined
}

/** Reads `7`, `7..9`, `7..` or `..9`; both ends belong to the range. */
export const parseTicks = (text: string): Option.Option<TickRange> => {
  const match = /^(\d{1,15})?(\.\.)?(\d{1,15})?$/.exec(text)
  if (match === null || (match[1] === undefined && match[3] === undefined)) return Option.none()
  const from = match[1] === undefined ? undefined : Number(match[1])
  const last = match[3] !== undefined ? Number(match[3]) : match[2] === undefined ? from : undefined
  if (from !== undefined && last !== undefined && from > last) return Option.none()
  return Option.some({ fromTick: from, toTick: last === undefined ? undefined : last + 1 })
}

/** Reads how many transitions to show: 1 to 1,000. */
export const parseLimit = (text: string): Option.Option<number> =>
  /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 1000 ? Option.some(Number(text)) : Option.none()

/** `--domain`. */
export const domain = Flag.String("domain").pipe(
  Flag.optional,
  Flag.withMetavar("name"),
  Flag.withDescription("Only this domain")
)

/** `--status`. */
export const status = Flag.Literals("status", StatusName.literals).pipe(
  Flag.optional,
  Flag.withMetavar("state"),
  Flag.withDescription("Only transitions into this state")
)

/** `--run`. */
export const run = Flag.String("run").pipe(
  Flag.optional,
  Flag.withMetavar("id"),
  Flag.withDescription("Only this run of the program; `latest` is the newest that has made a transition")
)

const moment = (name: "since" | "until", description: string) =>
  Flag.String(name).pipe(
    Flag.filterMap(
      parseMoment,
      () => `a time such as 2025-01-31T13:45:00Z, or how long ago, such as 10m or "2 hours"`
    ),
    Flag.optional,
    Flag.withMetavar("time"),
    Flag.withDescription(description)
  )

const tick = Flag.String("tick").pipe(
  Flag.filterMap(parseTicks, () => "a tick or a range of ticks, such as 4711, 4711..4720, 4711.. or ..4720"),
  Flag.optional,
  Flag.withMetavar("range"),
  Flag.withDescription("Only at these ticks: 4711, 4711..4720, 4711.. or ..4720; of the latest run, without --run")
)

/** `--limit`, with its default. */
export const limit = (byDefault: number) =>
  Flag.String("limit").pipe(
    Flag.filterMap(parseLimit, () => "a whole number from 1 to 1000"),
    Flag.withDefault(byDefault),
    Flag.withMetavar("number"),
    Flag.withDescription(`At most so many, 1 to 1000 (default ${byDefault})`)
  )

/** Which transitions: by domain, state, run, ticks, time. */
export const flags = {
  domain,
  status,
  run,
  tick,
  since: moment("since", "Only from then on: 2025-01-31T13:45:00Z, or how long ago: 10m, \"2 hours\""),
  until: moment("until", "Only before then")
}

/** What the flags were set to. */
export interface EventFilter {
  readonly domain: Option.Option<string>
  readonly status: Option.Option<StatusName>
  readonly run: Option.Option<string>
  readonly tick: Option.Option<TickRange>
  readonly since: Option.Option<Moment>
  readonly until: Option.Option<Moment>
}

/** The id of the run that is meant; `undefined` when none was named. */
export const runIdOf = (run: Option.Option<string>): Effect.Effect<string | undefined, RepoError, Repo> =>
  Option.isSome(run) && run.value === "latest"
    ? Effect.map(latestRun, Option.getOrElse(() => run.value))
    : Effect.succeed(Option.getOrUndefined(run))

/** The query of the flags. Ticks without a run are those of the latest run: each run counts from 1. */
export const toQuery = Effect.fnUntraced(function*(
  filter: EventFilter
): Effect.fn.Return<EventQuery, RepoError, Repo> {
  const run = Option.orElse(filter.run, () => Option.map(filter.tick, () => "latest"))
  return {
    ...Option.getOrUndefined(filter.tick),
    domain: Option.getOrUndefined(filter.domain),
    status: Option.getOrUndefined(filter.status),
    runId: yield* runIdOf(run),
    since: Option.isNone(filter.since) ? undefined : yield* momentToUtc(filter.since.value),
    until: Option.isNone(filter.until) ? undefined : yield* momentToUtc(filter.until.value)
  }
})
