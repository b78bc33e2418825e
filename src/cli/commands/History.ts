import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { DomainEvent } from "../../model/DomainEvent.ts"
import * as Format from "../../model/Format.ts"
import { Repo } from "../../trail/Repo.ts"
import * as EventFilter from "../flags/EventFilter.ts"
import * as TrailSettings from "../flags/TrailSettings.ts"
import * as EventFormat from "../text/EventFormat.ts"
import * as Output from "../text/Output.ts"
import * as Style from "../text/Style.ts"
import * as Table from "../text/Table.ts"
import * as Trail from "../Trail.ts"

const cursor = Flag.String("cursor").pipe(
  Flag.optional,
  Flag.withMetavar("cursor"),
  Flag.withDescription("Go on where the page before ended, with the same flags")
)

const HistoryPage = Schema.Struct({ events: Schema.Array(DomainEvent), next: Schema.NullOr(Schema.String) })

const flags = {
  trail: TrailSettings.flags,
  filter: EventFilter.flags,
  limit: EventFilter.limit(50),
  cursor,
  json: Output.json,
  csv: EventFormat.csv
}

/** `thunderline history`: the transitions that the trail has kept, newest first. */
export const command = Command.make(
  "history",
  flags,
  Effect.fnUntraced(function*({ csv, cursor, filter, json, limit, trail }) {
    const format = yield* EventFormat.fromFlags({ json, csv })
    const { events, next } = yield* Trail.read(
      trail,
      Effect.gen(function*() {
        const query = yield* EventFilter.toQuery(filter)
        return yield* Repo.use((repo) => repo.events({ ...query, cursor: Option.getOrUndefined(cursor), limit }))
      })
    )
    if (format === "json") return yield* Output.printJson(HistoryPage, { events, next: Option.getOrNull(next) })
    if (format === "csv") {
      yield* Console.log([EventFormat.csvHead, ...events.map(EventFormat.csvLine)].join("\n"))
    } else if (events.length === 0) {
      return yield* Console.log("Nothing has been recorded that matches.")
    } else {
      const style = yield* Style.current
      const width = yield* Output.width
      yield* Console.log(Table.render(EventFormat.columns, events, {
        style,
        width,
        note: (event) => event.cause === null ? undefined : Format.firstLine(event.cause)
      }))
    }
    if (Option.isSome(next)) {
      yield* Output.tell(`There is more: add --cursor ${next.value} to the same command.`)
    }
  })
).pipe(
  Command.withDescription("Show how the domains moved from state to state, newest first"),
  Command.withExamples([
    { command: "thunderline history --domain thunderbolt --limit 20" },
    { command: "thunderline history --status crashed --since 2h", description: "What crashed, and why" },
    { command: "thunderline history --tick 4711..4720 --csv", description: "For a spreadsheet" }
  ])
)
