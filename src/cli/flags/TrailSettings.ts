import * as CliError from "effect/cli/CliError"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as StateFolder from "../../node/StateFolder.ts"
import * as Migrations from "../../postgres/Migrations.ts"
import * as Database from "./DatabaseFlag.ts"

/** Which trail a command works on. Every command that touches it has these three flags. */
export interface TrailSettings {
  readonly database: Database.Database
  /** The schema within the database; each app has its own. */
  readonly schema: string
  /** Absolute path of the folder for the embedded server and whatever else outlives a run. */
  readonly stateDir: string
}

const variable = (name: string) => Effect.orDie(Config.option(Config.String(name)))

const usage = (message: string) => new CliError.UserError({ cause: message, userMessage: message })

const database = Flag.String("database").pipe(
  Flag.optional,
  Flag.mapEffect(Effect.fnUntraced(function*(given) {
    if (Option.isSome(given)) {
      return yield* Effect.mapError(
        Effect.fromResult(Database.parse(given.value, "--database")),
        (value) => new CliError.InvalidValue({ option: "database", value, expected: Database.expected, kind: "flag" })
      )
    }
    const url = yield* variable("DATABASE_URL")
    if (Option.isNone(url)) return Database.Database.Embedded({ source: "default" })
    return yield* Effect.mapError(
      Effect.fromResult(Database.parse(url.value, "DATABASE_URL")),
      (value) =>
        usage(`Invalid value in the environment variable DATABASE_URL: "${value}". Expected: ${Database.expected}`)
    )
  })),
  Flag.withMetavar("embedded|memory|URL"),
  Flag.withDescription("Where the trail is kept (default: $DATABASE_URL if set, else embedded)")
)

const schema = Flag.String("schema").pipe(
  Flag.withDefault(Migrations.defaultSchema),
  Flag.mapEffect((name) =>
    Effect.mapError(Migrations.checkSchema(name), (error) => usage(`--schema: ${error.message}`))
  ),
  Flag.withMetavar("name"),
  Flag.withDescription("Schema in the database; each app has its own (default thunderline)")
)

const defaultFolder = Effect.mapError(StateFolder.defaultFolder, ({ message }) => usage(message))

const stateDir = Flag.String("state-dir").pipe(
  Flag.filter((folder) => folder !== "", () => "a folder"),
  Flag.optional,
  Flag.mapEffect((given) =>
    Option.isSome(given) ? Effect.map(Path.Path, (path) => path.resolve(given.value)) : defaultFolder
  ),
  Flag.withMetavar("folder"),
  Flag.withDescription(
    "Folder for what outlives a run: embedded database, token, the program's address " +
      "(default: $XDG_STATE_HOME/thunderline, root's is /var/lib/thunderline)"
  )
)

/** `--database`, `--schema` and `--state-dir`. */
export const flags = { database, schema, stateDir }
