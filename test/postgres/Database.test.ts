import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Database from "../../src/postgres/Database.ts"

const parse = (text: string) => Database.parseLocation(text, "--database")

/** Everything of a value that somebody may see. */
const shown = (value: unknown) =>
  `${String(value)} ${JSON.stringify(value)} ${value instanceof Error ? value.stack : ""}`

describe("The location of a database", () => {
  it("is embedded, memory or the URL of a PostgreSQL server, and where it was named", () => {
    assert.deepStrictEqual(Result.getOrThrow(parse("embedded")), Database.Location.embedded({ source: "--database" }))
    assert.deepStrictEqual(Result.getOrThrow(parse("memory")), Database.Location.memory())
    for (
      const url of [
        "postgres://user:pass@host:5433/app",
        "postgresql://host/app?sslmode=require",
        "postgres:///app?host=/run/postgresql"
      ]
    ) {
      const location = Result.getOrThrow(parse(url))
      assert.containsSubset(location, { _tag: "external", source: "--database" })
      assert.strictEqual(location._tag === "external" && Redacted.value(location.url), url)
    }
  })

  it.each([
    ["", "postgres:// or postgresql://"],
    ["embeded", "postgres:// or postgresql://"],
    ["host:5432", "postgres:// or postgresql://"],
    ["sqlite:trail.db", "postgres:// or postgresql://"],
    ["mysql://me:s3cret@host/app", "postgres:// or postgresql://"],
    ["postgres//me:s3cret@host/app", "postgres:// or postgresql://"],
    ["postgres:///app", "it names no host"],
    ["postgres://me:s3cret/x@host:port/app", "it cannot be parsed"],
    ["postgres://me:s3cret%@host/app", "two hexadecimal digits"],
    ["postgres://me:s3cret@host:99999/app", "it cannot be parsed"],
    ["postgres://me:s3cret@host/app?sslmode=yes", "its sslmode"]
  ])("is not %j, and what is wrong with it is said without its password", (text, flaw) => {
    const error = Result.getOrThrow(Result.flip(parse(text)))
    assert.strictEqual(error._tag, "InvalidDatabaseUrl")
    assert.include(error.detail, flaw)
    assert.notInclude(shown(error), "s3cret")
    assert.notInclude(Database.redact(text), "s3cret")
  })

  it("never shows the password of a URL that is good", () => {
    assert.notInclude(shown(Result.getOrThrow(parse("postgres://root:s3cret@host/app"))), "s3cret")
  })
})
