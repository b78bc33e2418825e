import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as StateFolder from "./StateFolder.ts"
import * as Token from "./Token.ts"

/** The token that was given is too short to be a secret. */
export class TokenTooShort extends Schema.TaggedError<TokenTooShort>()("TokenTooShort", { minimum: Schema.Natural }) {
  override get message() {
    return `THUNDERLINE_TOKEN must have at least ${this.minimum} characters, and no spaces`
  }
}

/** The token of the control plane, and whether it was given or made here. */
export interface TokenFound {
  readonly token: Redacted.Redacted<string>
  readonly source: "given" | "made"
}

const redacted = (text: string) => Redacted.make(text, { label: "control token" })

const isToken = (text: string) => text.length >= Token.minimumLength && /^\S+$/.test(text)

const fromEnvironment = Effect.map(
  Effect.orDie(Config.option(Config.String("THUNDERLINE_TOKEN"))),
  Option.filter((text) => text !== "")
)

/** The token that was given, else `THUNDERLINE_TOKEN` if it is set. */
const given = (token?: Redacted.Redacted<string>): Effect.Effect<Option.Option<string>, TokenTooShort> =>
  Effect.filterOrFail(
    token === undefined ? fromEnvironment : Effect.succeedSome(Redacted.value(token)),
    (text) => Option.isNone(text) || isToken(text.value),
    () => new TokenTooShort({ minimum: Token.minimumLength })
  )

const file = (stateDir: string) => join(stateDir, "token")

/** Reads the file; none if it is unreadable, empty or too short. */
const read = (stateDir: string): Effect.Effect<Option.Option<string>> =>
  Effect.map(
    Effect.option(StateFolder.attempt(stateDir, async () => (await readFile(file(stateDir), "utf8")).trim())),
    Option.filter(isToken)
  )

/** The token to call the program on this state folder with. */
export const find = Effect.fnUntraced(function*(
  stateDir: string
): Effect.fn.Return<Option.Option<Redacted.Redacted<string>>, TokenTooShort> {
  const set = yield* given()
  return Option.map(Option.isSome(set) ? set : yield* read(stateDir), redacted)
})

const keep = (stateDir: string, token: string) =>
  Effect.andThen(
    StateFolder.make(stateDir),
    StateFolder.attempt(stateDir, async () => {
      const temporary = `${file(stateDir)}.${process.pid}`
      await writeFile(temporary, `${token}\n`, { mode: 0o600 })
      await rename(temporary, file(stateDir))
    })
  )

/**
 * The token of a program: the given one, else `THUNDERLINE_TOKEN`, else the one in the file `token` of the state folder, which is made with
 * mode 600 if it is not there. Where the file cannot be written, the token is lost with the program, and nobody can use it.
 */
export const acquire = Effect.fnUntraced(function*(
  stateDir: string,
  token?: Redacted.Redacted<string>
): Effect.fn.Return<TokenFound, TokenTooShort> {
  const set = yield* given(token)
  if (Option.isSome(set)) return { token: redacted(set.value), source: "given" }
  const kept = yield* read(stateDir)
  if (Option.isSome(kept)) return { token: redacted(kept.value), source: "made" }
  const made = Token.generate()
  yield* keep(stateDir, made).pipe(
    Effect.catchTag("StateFolderUnusable", ({ message }) =>
      Effect.logWarning(
        `[ControlServer] The token cannot be kept, so nobody can change domains by HTTP; set THUNDERLINE_TOKEN. ${message}`
      ))
  )
  return { token: redacted(made), source: "made" }
})
