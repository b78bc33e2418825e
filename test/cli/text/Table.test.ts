import { assert, describe, it } from "@effect/vitest"
import { displayWidth } from "effect/cli/CliOutput"
import * as Schema from "effect/Schema"
import * as Style from "../../../src/cli/text/Style.ts"
import * as Table from "../../../src/cli/text/Table.ts"

interface Row {
  readonly name: string
  readonly count: number
  readonly text: string
}

const columns: ReadonlyArray<Table.Column<Row>> = [
  { head: "NAME", cell: (row) => row.name, style: (_, style) => style.green },
  { head: "COUNT", cell: (row) => String(row.count), align: "right" },
  { head: "TEXT", cell: (row) => row.text }
]

const rows: ReadonlyArray<Row> = [
  { name: "thunderflow", count: 7, text: "short" },
  { name: "a", count: 1234, text: "a longer text that goes on" }
]

// oxlint-disable-next-line no-control-regex
const withoutColours = (text: string) => text.replaceAll(/\u001b\[\d+m/g, "")

describe("Table", () => {
  it("aligns columns and leaves no spaces at the ends of lines", () => {
    assert.strictEqual(
      Table.render(columns, rows),
      [
        "NAME         COUNT  TEXT",
        "thunderflow      7  short",
        "a             1234  a longer text that goes on"
      ].join("\n")
    )
  })

  it("puts notes under their rows", () => {
    assert.include(
      Table.render(columns, rows, { note: (row) => row.count === 7 ? "Error:\n  boom" : undefined }),
      "short\n    Error: boom\na  "
    )
  })

  it("cuts the last column and the notes at the width that it is given", () => {
    const text = Table.render(columns, rows, { width: 32, note: () => "a note that is much longer than the terminal" })
    assert.isTrue(text.split("\n").map((line) => displayWidth(line)).every((width) => width <= 32))
    assert.include(text, "a longer te…")
  })

  it("shortens the widest texts where the last column alone cannot give enough, but no numbers", () => {
    const long = { name: "a-domain-with-a-name-of-sixty-three-characters", count: 123_456_789, text: "some text" }
    const text = Table.render(columns, [long, rows[0]!], { width: 30 })
    assert.isTrue(text.split("\n").map((line) => displayWidth(line)).every((width) => width <= 30))
    assert.match(text, /^a-domain-.*… {2}123456789 {2}so/m)
  })

  it("keeps a cell on its line, whatever is in it", () => {
    assert.lengthOf(Table.render(columns, [{ name: "a\nb\u0009c", count: 0, text: "" }]).split("\n"), 2)
  })

  it.prop(
    "differs with colours only by the colours, and stays aligned",
    [Schema.Array(Schema.Struct({ name: Schema.String, count: Schema.Int, text: Schema.String }))],
    ([rows]) => {
      const plain = Table.render(columns, rows)
      assert.strictEqual(withoutColours(Table.render(columns, rows, { style: Style.coloured })), plain)
    }
  )

  it("truncates by terminal cells", () => {
    assert.strictEqual(Table.truncate("日本語", 6), "日本語")
    assert.strictEqual(Table.truncate("日本語", 5), "日本…")
    assert.strictEqual(Table.truncate("abc", 1), "…")
  })
})
