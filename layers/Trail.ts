import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { Database, type Source } from "../src/cli/flags/DatabaseFlag.ts"
import type { TrailSettings } from "../src/cli/flags/TrailSettings.ts"
import { Trail, TrailElsewhere } from "../src/cli/Trail.ts"
import * as ControlFile from "../src/node/ControlFile.ts"
import type { DatabaseOptions } from "../src/postgres/Database.ts"
import * as Repo from "../src/trail/Repo.ts"

/** The database that the command line's flags name. */
export const databaseOptions = (
  { database, schema, stateDir }: TrailSettings,
  purpose: "run" | "read"
): DatabaseOptions => ({
  database: Database.$match(database, {
    Embedded: () => "embedded",
    Memory: () => "memory",
    External: ({ url }) => Redacted.value(url)
  }),
  schema,
  stateDir,
  purpose
})

const database = Effect.promise(() => import("../src/postgres/Database.ts"))

const embedded = Effect.fnUntraced(function*(settings: TrailSettings, source: Source | "default") {
  const program = source === "default" ? yield* ControlFile.running(settings.stateDir) : Option.none()
  if (Option.isSome(program) && program.value.trail !== "embedded") {
    return yield* new TrailElsewhere({ url: program.value.url, trail: program.value.trail })
  }
  return existsSync(join(settings.stateDir, "postgres")) ? yield* server(settings) : Repo.layerMemory
})

const server = (settings: TrailSettings) =>
  Effect.map(database, (database) => database.layer(databaseOptions(settings, "read")))

/** Trails in PostgreSQL. A state folder that nothing was kept in yet is an empty trail, for which no server is made. */
export const layer: Layer.Layer<Trail> = Layer.succeed(Trail, {
  layer: (settings) =>
    Layer.unwrap(
      settings.database._tag === "Embedded" ? embedded(settings, settings.database.source) : server(settings)
    ),
  migrate: (settings) =>
    Effect.gen(function*() {
      const applied = yield* (yield* database).migrate(databaseOptions(settings, "read"))
      return applied.map(({ name }) => name)
    })
})
