import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { existsSync } from "node:fs"
import * as ControlFile from "../node/ControlFile.ts"
import { type Database, dataFolder, redact } from "../postgres/Database.ts"
import type { DatabaseError } from "../postgres/OpenDatabase.ts"
import * as MemoryRepo from "../trail/MemoryRepo.ts"
import { type Repo, RepoUnavailable } from "../trail/Repo.ts"
import * as ExitCode from "./ExitCode.ts"

/** `--database memory` was given to a command that works on what another process has written. */
export class TrailInMemory extends Schema.TaggedError<TrailInMemory>()("TrailInMemory", {}) {
  override readonly [Runtime.errorExitCode] = ExitCode.usage
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
  override readonly [Runtime.errorExitCode] = ExitCode.usage
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
  override readonly [Runtime.errorExitCode] = ExitCode.cannotConnect
  override get message() {
    return `The database ${this.database} (from ${this.source}) cannot be reached: ${this.detail}; ` +
      `expected a PostgreSQL server that answers there`
  }
}

/** Why a trail cannot be worked on. */
export type TrailError = TrailInMemory | TrailElsewhere | DatabaseUnreachable | DatabaseError

/** Names the database in a failure to reach it, and where that name came from. */
export const named = ({ location }: Database) =>
<A, E, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, E | DatabaseUnreachable, R> =>
  Effect.mapError(self, (error) =>
    location._tag === "external" && error instanceof RepoUnavailable
      ? new DatabaseUnreachable({
        database: redact(Redacted.value(location.url)),
        source: location.source,
        detail: error.detail
      })
      : error)

/** Loaded when it is needed: help and most of what asks the running program do without. */
const openDatabase = Effect.promise(() => import("../postgres/OpenDatabase.ts"))

/** The trail of a database, for a reading. A state folder that nothing was kept in yet is an empty trail. */
const layer = (database: Database) =>
  Layer.unwrap(Effect.gen(function*() {
    const { location, stateDir } = database
    if (location._tag === "memory") return yield* new TrailInMemory()
    if (location._tag === "embedded") {
      const program = location.source === "default" ? yield* ControlFile.running(stateDir) : Option.none()
      if (Option.isSome(program) && program.value.trail !== "embedded") {
        return yield* new TrailElsewhere({ url: program.value.url, trail: program.value.trail })
      }
      if (!existsSync(dataFolder(stateDir))) return MemoryRepo.layer
    }
    return (yield* openDatabase).layer(database, { purpose: "read" })
  }))

/** Runs a reading on the trail of a database, while a program may be running on it. */
export const read = <A, E, R>(
  database: Database,
  reading: Effect.Effect<A, E, R>
): Effect.Effect<A, E | TrailError, Exclude<R, Repo>> =>
  named(database)(Effect.provide(reading, layer(database))) as Effect.Effect<A, E | TrailError, Exclude<R, Repo>>

/** Brings the schema up to date; returns the names of the migrations that had to be applied, in order. */
export const migrate = (database: Database): Effect.Effect<ReadonlyArray<string>, TrailError | RepoUnavailable> =>
  database.location._tag === "memory"
    ? Effect.fail(new TrailInMemory())
    : Effect.flatMap(openDatabase, ({ migrate }) => migrate(database)).pipe(
      Effect.map((applied) => applied.map(({ name }) => name)),
      named(database)
    )
