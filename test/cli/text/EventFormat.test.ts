import { assert, describe, it } from "@effect/vitest"
import * as EventFormat from "../../../src/cli/text/EventFormat.ts"
import { event } from "../../support/values.ts"

/** Reads a line of CSV as RFC 4180 has it. */
const fields = (line: string): ReadonlyArray<string> =>
  Array.from(
    line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g),
    ([_, quoted, bare]) => quoted?.replaceAll("\"\"", "\"") ?? bare!
  )

describe("EventFormat", () => {
  it("writes every field of a transition as CSV, whatever is in it", () => {
    const cause = `Error: "boom", they said\n    at here, (file:1)`
    const names = fields(EventFormat.csvHead)
    const values = fields(EventFormat.csvLine(event(7, { cause, metadata: { worker: "a,b" }, durationMs: 1.5 })))
    assert.strictEqual(values.length, names.length)
    const row = Object.fromEntries(names.map((name, i) => [name, values[i]]))
    assert.include(row, {
      tick: "7",
      domain: "one",
      from: "activating",
      to: "active",
      reason: "activated",
      duration_ms: "1.5",
      cause,
      metadata: `{"worker":"a,b"}`,
      trace_id: "",
      occurred_at: "1970-01-01T00:00:00.007Z"
    })
  })
})
