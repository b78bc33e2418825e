import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TrailSettings from "../flags/TrailSettings.ts"
import * as Output from "../text/Output.ts"
import * as Progress from "../text/Progress.ts"
import * as Trail from "../Trail.ts"

/** Nothing was migrated, because the database does not answer. For whoever deploys that is a failure, not a state. */
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
    if (json) return yield* Output.printJson(Migrated, { applied })
    yield* Console.log(
      applied.length === 0
        ? `Schema ${settings.schema} is up to date.`
        : `Schema ${settings.schema} is up to date; applied: ${applied.join(", ")}.`
    )
  })
).pipe(Command.withDescription("Bring the database schema up to date and leave"))
