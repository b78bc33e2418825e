import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Format from "../../model/Format.ts"
import { RegistryRow, Repo } from "../../trail/Repo.ts"
import * as TrailSettings from "../flags/TrailSettings.ts"
import * as Output from "../text/Output.ts"
import * as Style from "../text/Style.ts"
import * as Table from "../text/Table.ts"
import * as Trail from "../Trail.ts"

/** The exact state where the writer has kept it, else the column's word. */
const statusOf = ({ metadata, status }: RegistryRow): string =>
  typeof metadata.state === "string" ? metadata.state : status

/** The table of domains. */
export const columns: ReadonlyArray<Table.Column<RegistryRow>> = [
  { head: "DOMAIN", cell: (row) => row.domainName },
  { head: "STATUS", cell: statusOf, style: (row, style) => Style.paintStatus(statusOf(row), style) },
  { head: "TICK", cell: (row) => String(row.tickCount), align: "right" },
  { head: "ACTIVATED (UTC)", cell: (row) => row.activatedAt === null ? "never" : Format.dateTime(row.activatedAt) },
  { head: "CHANGED (UTC)", cell: (row) => Format.dateTime(row.updatedAt) }
]

/** `thunderline domains`: where each domain stands, as the trail has it. */
export const command = Command.make(
  "domains",
  { ...TrailSettings.flags, json: Output.json },
  Effect.fnUntraced(function*({ json, ...settings }) {
    const rows = yield* Trail.read(settings, Repo.use((repo) => repo.listDomains))
    if (json) return yield* Output.printJson(Schema.Array(RegistryRow), rows)
    if (rows.length === 0) return yield* Console.log("No domain has been recorded yet.")
    const style = yield* Style.current
    const width = yield* Output.width
    yield* Console.log(Table.render(columns, rows, { style, width }))
  })
).pipe(
  Command.withDescription("List the domains and where each stands, as the trail has it"),
  Command.withExamples([{ command: "thunderline domains --json", description: "For scripts" }])
)
