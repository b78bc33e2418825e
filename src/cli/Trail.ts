import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { type Repo, RepoUnavailable } from "../trail/Repo.ts"
import { redact } from "./flags/DatabaseFlag.ts"
import type { TrailSettings } from "./flags/TrailSettings.ts"

/** `--database memory` was given to a command that works on what another process has written. */
export class TrailInMemory extends Schema.TaggedError<TrailInMemory>()("TrailInMemory", {}) {
  override get message() {
    return "A trail in memory is gone with its program and cannot be reached from here; " +
      "expected --database embedded or a postgres:// URL"
  }
}

/** No database was named, and the program that runs on the state folder does not keep its trail there. */
export class TrailElsewhere extends Schema.TaggedError<TrailElsewhere>()("TrailElsewhere", {
  url: Schema.String,
  trail: Schema.Literals(["memory", "external"])
}) {
  override get message() {
    return this.trail === "memory"
      ? `The program at ${this.url} keeps its trail in memory: ask it with "thunderline status" or "thunderline watch"; ` +
        `what was kept here before is read with --database embedded`
      : `The program at ${this.url} keeps its trail in another database: name that one with --database or DATABASE_URL; ` +
        `what was kept here before is read with --database embedded`
  }
}

/** The database that was named does not answer. */
export class DatabaseUnreachable extends Schema.TaggedError<DatabaseUnreachable>()("DatabaseUnreachable", {
  /** The URL without what is secret in it. */
  database: Schema.String,
  source: Schema.Literals(["--database", "DATABASE_URL"]),
  detail: Schema.String
}) {
  override get message() {
    return `The database ${this.database} (from ${this.source}) cannot be reached: ${this.detail}; ` +
      `expected a PostgreSQL server that answers there`
  }
}

/** Names the database in a failure to reach it, and where that name came from. */
export const named = (settings: TrailSettings) => <A, R>(self: Effect.Effect<A, unknown, R>) =>
  Effect.mapError(self, (error) => {
    const { database } = settings
    return database._tag === "External" && error instanceof RepoUnavailable
      ? new DatabaseUnreachable({
        database: redact(Redacted.value(database.url)),
        source: database.source,
        detail: error.detail
      })
      : error
  })

/**
 * Opens trails. The commands know it by this tag alone, so that which databases there are is decided where the program
 * is put together; so are the ways in which they fail, which are told by their messages.
 */
export class Trail extends Context.Service<Trail, {
  /** The trail that the settings name, for a reading while a program may be running on it. */
  readonly layer: (settings: TrailSettings) => Layer.Layer<Repo, unknown>
  /** Brings the schema up to date; the names of the migrations that had to be applied, in order. */
  readonly migrate: (settings: TrailSettings) => Effect.Effect<ReadonlyArray<string>, unknown>
}>()("thunderline/cli/Trail") {}

/** Runs a reading on the trail that the settings name. */
export const read = <A, E>(
  settings: TrailSettings,
  reading: Effect.Effect<A, E, Repo>
): Effect.Effect<A, unknown, Trail> =>
  settings.database._tag === "Memory"
    ? Effect.fail(new TrailInMemory())
    : Trail.use((trail) => named(settings)(Effect.provide(reading, trail.layer(settings))))
