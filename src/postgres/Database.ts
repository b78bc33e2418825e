import * as Data from "effect/Data"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { join } from "node:path"

/** Where a database was named. */
export type Source = "--database" | "DATABASE_URL"

/**
 * Where the trail is kept: an `embedded` PostgreSQL server in the state folder, the `memory` of this process (lost with
 * it), or an `external` server.
 */
export type Location = Data.TaggedEnum<{
  embedded: { readonly source: Source | "default" }
  memory: {}
  external: { readonly url: Redacted.Redacted; readonly source: Source }
}>
export const Location = Data.taggedEnum<Location>()

/** The database of a program: parsed once from the command line, and passed on unchanged to what opens it. */
export interface Database {
  readonly location: Location
  /** The schema within the database; each app has its own. */
  readonly schema: string
  /** Absolute path of the folder for the embedded server and whatever else outlives a run. */
  readonly stateDir: string
}

/** Where an embedded server keeps its data in a state folder. */
export const dataFolder = (stateDir: string): string => join(stateDir, "postgres")

/** The text is neither a word for a database nor the URL of one. The error does not repeat it: it may hold a password. */
export class InvalidDatabaseUrl extends Schema.TaggedError<InvalidDatabaseUrl>()("InvalidDatabaseUrl", {
  detail: Schema.String
}) {
  /** A wrong command line, where nothing handles it. */
  override readonly [Runtime.errorExitCode] = 2
  override get message() {
    return `The database is not a URL like postgres://user:password@host:5432/name: ${this.detail}`
  }
}

const sslModes = new Set([null, "disable", "allow", "prefer", "require", "verify-ca", "verify-full"])

/** What is wrong with a URL, of all that the client would only say at the first query. */
const flawOf = (text: string): string | undefined => {
  if (!/^postgres(ql)?:\/\//.test(text)) return "it does not begin with postgres:// or postgresql://"
  const url = URL.parse(text)
  if (url === null) {
    return "it cannot be parsed; characters like @, /, # and % in a password are written as %40, %2F, %23, %25"
  }
  if (url.host === "" && !url.searchParams.has("host")) return "it names no host"
  try {
    for (const part of [url.hostname, url.username, url.password, url.pathname]) decodeURIComponent(part)
  } catch {
    return "a % in it is not followed by two hexadecimal digits; a % itself is written as %25"
  }
  return sslModes.has(url.searchParams.get("sslmode")) ? undefined : "its sslmode is none that PostgreSQL knows"
}

/** Checks the URL of a PostgreSQL server. */
export const parseUrl = (text: string): Result.Result<Redacted.Redacted, InvalidDatabaseUrl> => {
  const detail = flawOf(text)
  return detail === undefined
    ? Result.succeed(Redacted.make(text, { label: "database URL" }))
    : Result.fail(new InvalidDatabaseUrl({ detail }))
}

/** Parses what names a database: `embedded`, `memory` or the URL of a PostgreSQL server. */
export const parseLocation = (text: string, source: Source): Result.Result<Location, InvalidDatabaseUrl> =>
  text === "embedded"
    ? Result.succeed(Location.embedded({ source }))
    : text === "memory"
    ? Result.succeed(Location.memory())
    : Result.map(parseUrl(text), (url) => Location.external({ url, source }))

/** What was given as a database, fit to be shown: without the password that a URL may hold. */
export const redact = (text: string): string => {
  const url = URL.parse(text)
  if (url === null) return /[:@/]/.test(text) ? "<an unreadable URL>" : text
  return url.host === "" ? `${url.protocol}…` : `${url.protocol}//${url.host}…`
}
