import * as Data from "effect/Data"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

/** Where a database was named. */
export type Source = "--database" | "DATABASE_URL"

/** Where a program keeps its trail, as others are told. */
export type Kind = "embedded" | "memory" | "external"

/**
 * Where the trail is kept: an `Embedded` PostgreSQL server in the state folder, the `Memory` of this process (gone with
 * it), or an `External` server.
 */
export type Database = Data.TaggedEnum<{
  Embedded: { readonly source: Source | "default" }
  Memory: {}
  External: { readonly url: Redacted.Redacted<string>; readonly source: Source }
}>
export const Database = Data.taggedEnum<Database>()

export const kindOf = (database: Database): Kind => {
  switch (database._tag) {
    case "Embedded":
      return "embedded"
    case "Memory":
      return "memory"
    case "External":
      return "external"
  }
}

/** What a database can be, for messages. */
export const expected = `embedded, memory or postgres://user@host:port/database`

/** What was given instead, without the password that a URL may hold. */
export const redact = (text: string): string => {
  const url = URL.parse(text)
  if (url === null) return /[:@/]/.test(text) ? "<an unreadable URL>" : text
  return url.host === "" ? `${url.protocol}…` : `${url.protocol}//${url.host}…`
}

/** Reads `--database` or `DATABASE_URL`; the failure is what was given, fit to be shown. */
export const parse = (text: string, source: Source): Result.Result<Database, string> => {
  if (text === "embedded") return Result.succeed(Database.Embedded({ source }))
  if (text === "memory") return Result.succeed(Database.Memory())
  const url = URL.parse(text)
  return url !== null && (url.protocol === "postgres:" || url.protocol === "postgresql:") &&
      (url.host !== "" || url.searchParams.has("host"))
    ? Result.succeed(Database.External({ url: Redacted.make(text, { label: "database URL" }), source }))
    : Result.fail(redact(text))
}
