import { describe, expect, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Database from "../../../src/cli/flags/DatabaseFlag.ts"

const parse = (text: string) => Database.parse(text, "--database")

describe("Database", () => {
  it("is embedded, memory or the URL of a PostgreSQL server", () => {
    expect(Result.getOrThrow(parse("embedded"))._tag).toBe("Embedded")
    expect(Result.getOrThrow(parse("memory"))._tag).toBe("Memory")
    for (
      const url of [
        "postgres://user:pass@host:5433/app",
        "postgresql://host/app?sslmode=require",
        "postgres:///app?host=/run/postgresql"
      ]
    ) {
      const database = Result.getOrThrow(parse(url))
      expect(database._tag === "External" && Redacted.value(database.url)).toBe(url)
    }
  })

  it("is nothing else", () => {
    for (const text of ["", "sqlite", "mysql://host/app", "postgres:", "postgres:///app", "host:5432", "/tmp/socket"]) {
      expect(Result.isFailure(parse(text)), text).toBe(true)
    }
  })

  it("never shows a password, whatever is wrong with the URL", () => {
    for (const text of ["mysql://root:s3cret@host/app", "postgres//root:s3cret@host", "root:s3cret@host/app"]) {
      const shown = Result.match(parse(text), { onFailure: (text) => text, onSuccess: String })
      expect(shown).not.toContain("s3cret")
    }
    expect(String(Result.getOrThrow(parse("postgres://root:s3cret@host/app")))).not.toContain("s3cret")
    expect(JSON.stringify(Result.getOrThrow(parse("postgres://root:s3cret@host/app")))).not.toContain("s3cret")
  })
})
