import * as CliError from "effect/cli/CliError"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as StateFolder from "../../node/StateFolder.ts"
import * as Database from "../../postgres/Database.ts"
import * as SchemaName from "../../postgres/SchemaName.ts"

const variable = (name: string) => Effect.orDie(Config.option(Config.String(name)))

const usage = (message: string) => new CliError.UserError({ cause: message, userMessage: message })

const expected = "embedded, memory or postgres://user@host:port/database"

const location = Flag.String("database").pipe(
  Flag.optional,
  Flag.mapEffect(Effect.fnUntraced(function*(given) {
    if (Option.isSome(given)) {
      return yield* Effect.mapError(
        Effect.fromResult(Database.parseLocation(given.value, "--database")),
        ({ detail }) =>
          new CliError.InvalidValue({
            option: "database",
            value: Database.redact(given.value),
            expected: `${expected}; ${detail}`,
            kind: "flag"
          })
      )
    }
    const url = yield* variable("DATABASE_URL")
    if (Option.isNone(url)) return Database.Location.embedded({ source: "default" })
    return yield* Effect.mapError(
      Effect.fromResult(Database.parseLocation(url.value, "DATABASE_URL")),
      ({ detail }) =>
        usage(
          `Invalid value in the environment variable DATABASE_URL: "${Database.redact(url.value)}". ` +
            `Expected: ${expected}; ${detail}`
        )
    )
  })),
  Flag.withMetavar("embedded|memory|URL"),
  Flag.withDescription("Where the trail is kept (default: $DATABASE_URL if set, else embedded)")
)

const schema = Flag.String("schema").pipe(
  Flag.withDefault(SchemaName.defaultSchema),
  Flag.mapEffect((name) => Effect.mapError(SchemaName.check(name), (error) => usage(`--schema: ${error.message}`))),
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

/** `--database`, `--schema` and `--state-dir`, of every command that works on a trail: together they are a `Database`. */
export const flags = { location, schema, stateDir }
