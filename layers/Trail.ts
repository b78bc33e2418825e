import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { Database } from "../src/cli/Database.ts"
import { Trail } from "../src/cli/Trail.ts"
import type { TrailSettings } from "../src/cli/TrailSettings.ts"
import * as Repo from "../src/Repo.ts"
import type { DatabaseOptions } from "./Database.ts"

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

const database = Effect.promise(() => import("./Database.ts"))

/** Trails in PostgreSQL. A state folder that nothing was kept in yet is an empty trail, for which no server is made. */
export const layer: Layer.Layer<Trail> = Layer.succeed(Trail, {
  layer: (settings) =>
    settings.database._tag === "Embedded" && !existsSync(join(settings.stateDir, "postgres"))
      ? Repo.layerMemory
      : Layer.unwrap(Effect.map(database, (database) => database.layer(databaseOptions(settings, "read")))),
  migrate: (settings) =>
    Effect.gen(function*() {
      const applied = yield* (yield* database).migrate(databaseOptions(settings, "read"))
      return applied.map(({ name }) => name)
    })
})
