import * as Flag from "effect/cli/Flag"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as Format from "../../control/Format.ts"
import * as TransitionText from "../../control/TransitionText.ts"
import type { DomainEvent } from "../../model/DomainEvent.ts"
import * as ExitCode from "../ExitCode.ts"
import { paintStatus } from "./Style.ts"
import type * as Table from "./Table.ts"

/** `--csv`. */
export const csv: Flag.Flag<boolean> = Flag.Boolean("csv").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Print comma-separated values with a line of names, every field of every row")
)

/** How transitions are written: for people, or for programs. */
export type EventFormat = "table" | "json" | "csv"

/** `--json` and `--csv` were both given. */
export class FormatConflict extends Schema.TaggedError<FormatConflict>()("FormatConflict", {}) {
  override readonly [Runtime.errorExitCode] = ExitCode.usage
  override get message() {
    return "--json and --csv exclude each other"
  }
}

/** The format that the flags ask for. */
export const fromFlags = (
  flags: { readonly json: boolean; readonly csv: boolean }
): Effect.Effect<EventFormat, FormatConflict> =>
  flags.json && flags.csv
    ? Effect.fail(new FormatConflict())
    : Effect.succeed(flags.json ? "json" : flags.csv ? "csv" : "table")

/** The table of transitions. */
export const columns: ReadonlyArray<Table.Column<DomainEvent>> = [
  { head: "TIME (UTC)", cell: (event) => Format.dateTime(event.occurredAt) },
  { head: "TICK", cell: (event) => String(event.tick), align: "right" },
  { head: "DOMAIN", cell: (event) => event.domain },
  { head: "STATE", cell: (event) => event.to, style: (event, style) => paintStatus(event.to, style) },
  { head: "TOOK", cell: (event) => event.durationMs === null ? "" : Format.duration(event.durationMs), align: "right" },
  { head: "WHY", cell: TransitionText.reason }
]

const fields: ReadonlyArray<readonly [name: string, of: (event: DomainEvent) => string | number | null]> = [
  ["occurred_at", (event) => DateTime.formatIso(event.occurredAt)],
  ["run_id", (event) => event.runId],
  ["tick", (event) => event.tick],
  ["epoch", (event) => event.epoch],
  ["wave", (event) => event.wave],
  ["domain", (event) => event.domain],
  ["generation", (event) => event.generation],
  ["from", (event) => event.from],
  ["to", (event) => event.to],
  ["reason", (event) => event.reason],
  ["duration_ms", (event) => event.durationMs],
  ["cause", (event) => event.cause],
  ["metadata", (event) => JSON.stringify(event.metadata)],
  ["node", (event) => event.node],
  ["trace_id", (event) => event.traceId],
  ["span_id", (event) => event.spanId],
  ["id", (event) => event.id]
]

const quoted = (value: string | number | null): string => {
  const text = value === null ? "" : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll("\"", "\"\"")}"` : text
}

/** The names of the columns, as RFC 4180 has it. */
export const csvHead: string = fields.map(([name]) => name).join(",")

/** A transition as a line of CSV. */
export const csvLine = (event: DomainEvent): string => fields.map(([_, of]) => quoted(of(event))).join(",")
