import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TransitionText from "../../control/TransitionText.ts"
import { DomainEvent } from "../../model/DomainEvent.ts"
import * as Format from "../../model/Format.ts"
import { Repo } from "../../trail/Repo.ts"
import { EventFeed, layerTrail } from "../EventFollow.ts"
import * as EventFilter from "../flags/EventFilter.ts"
import * as TrailSettings from "../flags/TrailSettings.ts"
import * as EventFormat from "../text/EventFormat.ts"
import * as Output from "../text/Output.ts"
import { current, paintStatus, type Style } from "../text/Style.ts"
import * as Table from "../text/Table.ts"
import * as Trail from "../Trail.ts"

const follow = Flag.Boolean("follow").pipe(
  Flag.withAlias("f"),
  Flag.withDefault(false),
  Flag.withDescription("Go on with what happens from now on, until Ctrl-C")
)

const json = Output.json.pipe(
  Flag.withDescription("Print JSON, one object per line, and nothing else on standard output")
)

const encode = Schema.encodeSync(DomainEvent)

/** A line that stands alone: columns cannot be as wide as what is still to come. */
const lineOf = (event: DomainEvent, style: Style, width: number | undefined): string => {
  const head = `${Format.timeOfDay(event.occurredAt)}  ${String(event.tick).padStart(6)}  ${event.domain.padEnd(12)}  `
  const why = TransitionText.describe(event)
  const state = event.to.padEnd(12)
  const left = width === undefined ? undefined : Math.max(10, width - head.length - state.length - 2)
  return `${style.dim(head.slice(0, 18))}${head.slice(18)}${paintStatus(event.to, style)(state)}  ` +
    (left === undefined ? why : Table.truncate(why, left))
}

const flags = {
  trail: TrailSettings.flags,
  domain: EventFilter.domain,
  status: EventFilter.status,
  run: EventFilter.run,
  limit: EventFilter.limit(20),
  follow,
  json,
  csv: EventFormat.csv
}

/** `thunderline events`: the newest transitions, the newest last, and with `--follow` those that come. */
export const command = Command.make(
  "events",
  flags,
  Effect.fnUntraced(function*({ csv, domain, follow, json, limit, run, status, trail }) {
    const format = yield* EventFormat.fromFlags({ json, csv })
    const style = yield* current
    const width = yield* Output.width
    const print = (event: DomainEvent) =>
      Console.log(
        format === "json"
          ? JSON.stringify(encode(event))
          : format === "csv"
          ? EventFormat.csvLine(event)
          : lineOf(event, style, width)
      )
    const { events, query } = yield* Trail.read(
      trail,
      Effect.gen(function*() {
        const query = {
          domain: Option.getOrUndefined(domain),
          status: Option.getOrUndefined(status),
          runId: Option.isNone(run) ? undefined : yield* EventFilter.runIdOf(run.value)
        }
        const { events } = yield* Repo.use((repo) => repo.events({ ...query, limit }))
        return { events, query }
      })
    )
    if (format === "csv") yield* Console.log(EventFormat.csvHead)
    yield* Effect.forEach(events.toReversed(), print, { discard: true })
    if (!follow) return
    const feed = yield* EventFeed
    yield* Stream.runForEach(feed.follow(trail, { ...query, after: events[0]?.id }), print)
  }, Effect.provide(layerTrail))
).pipe(
  Command.withDescription(
    "Show the newest transitions of the domains, the newest last, and go on with those that come"
  ),
  Command.withShortDescription("Follow the transitions of the domains"),
  Command.withExamples([
    { command: "thunderline events --follow" },
    { command: "thunderline events --follow --status crashed --json | jq .cause", description: "For scripts" }
  ])
)
