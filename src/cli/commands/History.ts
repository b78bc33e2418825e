import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Format from "../../control/Format.ts"
import { HistoryPage } from "../../control/HistoryPage.ts"
import type { DomainEvent } from "../../model/DomainEvent.ts"
import { Repo } from "../../trail/Repo.ts"
import * as EventFilter from "../flags/EventFilter.ts"
import * as EventFormat from "../text/EventFormat.ts"
import * as Output from "../text/Output.ts"
import * as Table from "../text/Table.ts"
import * as TrailReading from "../TrailReading.ts"

const cursor = Flag.String("cursor").pipe(
  Flag.optional,
  Flag.withMetavar("cursor"),
  Flag.withDescription("Go on where the page before ended, with the same flags")
)

const render = (events: ReadonlyArray<DomainEvent>, display: Output.Display): string =>
  events.length === 0
    ? "Nothing has been recorded that matches."
    : Table.render(EventFormat.columns, events, {
      ...display,
      note: ({ cause }) => cause === null ? undefined : Format.firstLine(cause)
    })

const flags = {
  place: TrailReading.flags,
  filter: EventFilter.flags,
  limit: EventFilter.limit(50),
  cursor,
  json: Output.json,
  csv: EventFormat.csv
}

/** `thunderline history`: the transitions in the trail, newest first. */
export const command = Command.make(
  "history",
  flags,
  Effect.fnUntraced(function*({ csv, cursor, filter, json, limit, place }) {
    const format = yield* EventFormat.fromFlags({ json, csv })
    const { events, next } = yield* TrailReading.read(
      place,
      Effect.gen(function*() {
        const query = yield* EventFilter.toQuery(filter)
        return yield* Repo.use((repo) => repo.events({ ...query, cursor: Option.getOrUndefined(cursor), limit }))
      })
    )
    yield* format === "csv"
      ? Console.log([EventFormat.csvHead, ...events.map(EventFormat.csvLine)].join("\n"))
      : Output.print(json, HistoryPage, { events, next: Option.getOrNull(next) }, (display) => render(events, display))
    if (format !== "json" && Option.isSome(next)) {
      yield* Output.tell(`There is more: add --cursor ${next.value} to the same command.`)
    }
  })
).pipe(
  Command.withDescription("Show the transitions of the domains, newest first"),
  Command.withExamples([
    { command: "thunderline history --domain thunderbolt --limit 20" },
    { command: "thunderline history --status crashed --since 2h", description: "What crashed, and why" },
    { command: "thunderline history --tick 4711..4720 --csv", description: "For a spreadsheet" }
  ])
)
