import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** A name that a schema cannot have. */
export class InvalidSchemaName extends Schema.TaggedError<InvalidSchemaName>()("InvalidSchemaName", {
  schema: Schema.String
}) {
  override get message() {
    return `"${this.schema}" cannot be the schema's name: expected 1 to 63 of a-z, 0-9 and _, a letter first, ` +
      `not beginning with pg_, and not public`
  }
}

/** The schema that an app's rows are kept in unless another is given. */
export const defaultSchema = "thunderline"

/** Checks the name of a schema. `public` is refused, because the rows of others are there. */
export const check = (schema: string): Effect.Effect<string, InvalidSchemaName> =>
  /^(?!pg_|public$)[a-z][a-z0-9_]{0,62}$/.test(schema)
    ? Effect.succeed(schema)
    : Effect.fail(new InvalidSchemaName({ schema }))
