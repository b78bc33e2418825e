import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Format from "../../control/Format.ts"
import * as TransitionText from "../../control/TransitionText.ts"
import { DomainEvent } from "../../model/DomainEvent.ts"
import { Repo } from "../../trail/Repo.ts"
import * as EventFollow from "../EventFollow.ts"
import * as EventFilter from "../flags/EventFilter.ts"
import * as EventFormat from "../text/EventFormat.ts"
import * as Output from "../text/Output.ts"
import { paintStatus } from "../text/Style.ts"
import * as Table from "../text/Table.ts"
import * as TrailReading from "../TrailReading.ts"

const follow = Flag.Boolean("follow").pipe(
  Flag.withAlias("f"),
  Flag.withDefault(false),
  Flag.withDescription("Go on with the transitions that come, until Ctrl-C")
)

const json = Output.json.pipe(
  Flag.withDescription("Print JSON, one object per line, and nothing else on standard output")
)

const encode = Schema.encodeSync(DomainEvent)

/** One transition as a line. Its columns have fixed widths: later transitions are not known yet. */
const lineOf = (event: DomainEvent, { style, width }: Output.Display): string => {
  const head = `${Format.timeOfDay(event.occurredAt)}  ${String(event.tick).padStart(6)}  ${event.domain.padEnd(12)}  `
  const why = TransitionText.describe(event)
  const state = event.to.padEnd(12)
  const left = width === undefined ? undefined : Math.max(10, width - head.length - state.length - 2)
  return `${style.dim(head.slice(0, 18))}${head.slice(18)}${paintStatus(event.to, style)(state)}  ` +
    (left === undefined ? why : Table.truncate(why, left))
}

const flags = {
  place: TrailReading.flags,
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
  Effect.fnUntraced(function*({ csv, domain, follow, json, limit, place, run, status }) {
    const format = yield* EventFormat.fromFlags({ json, csv })
    const display = yield* Output.display
    const print = (event: DomainEvent) =>
      Console.log(
        format === "json"
          ? JSON.stringify(encode(event))
          : format === "csv"
          ? EventFormat.csvLine(event)
          : lineOf(event, display)
      )
    const newest = Effect.gen(function*() {
      const query = {
        domain: Option.getOrUndefined(domain),
        status: Option.getOrUndefined(status),
        runId: yield* EventFilter.runIdOf(run)
      }
      const { events } = yield* Repo.use((repo) => repo.events({ ...query, limit }))
      return { ...query, events }
    })
    const { events, ...query } = yield* follow
      ? Effect.map(TrailReading.quietly(place, newest), ({ result }) => result)
      : TrailReading.read(place, newest)
    if (format === "csv") yield* Console.log(EventFormat.csvHead)
    yield* Effect.forEach(events.toReversed(), print, { discard: true })
    if (follow) return yield* EventFollow.follow(place, { ...query, after: events[0]?.id }, print)
  })
).pipe(
  Command.withDescription(
    "Show the newest transitions of the domains, the newest last; --follow shows each new one as it happens"
  ),
  Command.withShortDescription("Follow the transitions of the domains"),
  Command.withExamples([
    { command: "thunderline events --follow" },
    { command: "thunderline events --follow --status crashed --json | jq .cause", description: "For scripts" }
  ])
)
