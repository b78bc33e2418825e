import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Format from "../../control/Format.ts"
import { RegistryRow, Repo } from "../../trail/Repo.ts"
import * as Output from "../text/Output.ts"
import * as Style from "../text/Style.ts"
import * as Table from "../text/Table.ts"
import * as TrailReading from "../TrailReading.ts"

/** The exact state; a row of another writer has only the column's word. */
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

const render = (rows: ReadonlyArray<RegistryRow>, display: Output.Display): string =>
  rows.length === 0 ? "No domain has been recorded yet." : Table.render(columns, rows, display)

/** `thunderline domains`: where each domain stands. */
export const command = Command.make(
  "domains",
  { ...TrailReading.flags, json: Output.json },
  Effect.fnUntraced(function*({ json, ...place }) {
    const rows = yield* TrailReading.read(place, Repo.use((repo) => repo.listDomains))
    yield* Output.print(json, Schema.Array(RegistryRow), rows, (display) => render(rows, display))
  })
).pipe(
  Command.withDescription("List the domains and where each stands"),
  Command.withExamples([{ command: "thunderline domains --json", description: "For scripts" }])
)
