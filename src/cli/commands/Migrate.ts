import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TrailSettings from "../flags/TrailSettings.ts"
import * as Output from "../text/Output.ts"
import * as Progress from "../text/Progress.ts"
import * as Trail from "../Trail.ts"

/** Nothing was migrated, because the database does not answer. It exits with 1: a deployment has failed. */
export class NotMigrated extends Schema.TaggedError<NotMigrated>()("NotMigrated", { detail: Schema.String }) {
  override get message() {
    return `Nothing was migrated. ${this.detail}`
  }
}

const Migrated = Schema.Struct({ applied: Schema.Array(Schema.String) })

/** `thunderline migrate`: brings the schema up to date, for those who do not want `start` to do it. */
export const command = Command.make(
  "migrate",
  { ...TrailSettings.flags, json: Output.json },
  Effect.fnUntraced(function*({ json, ...settings }) {
    const applied = yield* Trail.migrate(settings).pipe(
      Progress.busy(`Migrating schema ${settings.schema}`),
      Effect.mapError((error) =>
        error instanceof Trail.DatabaseUnreachable ? new NotMigrated({ detail: error.message }) : error
      )
    )
    const which = applied.length === 0 ? "" : `; applied: ${applied.join(", ")}`
    yield* Output.print(json, Migrated, { applied }, () => `Schema ${settings.schema} is up to date${which}.`)
  })
).pipe(Command.withDescription("Bring the database schema up to date, then exit"))
