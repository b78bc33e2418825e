import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { Script } from "../../testing/Simulation.ts"

/** The file with the faults cannot be read. */
export class ScriptNotRead extends Schema.TaggedError<ScriptNotRead>()("ScriptNotRead", {
  file: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.file}: ${this.detail}`
  }
}

/** The file with the faults is not JSON. */
export class ScriptNotJson extends Schema.TaggedError<ScriptNotJson>()("ScriptNotJson", {
  file: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.file}: no JSON: ${this.detail}`
  }
}

/** A value in the file is wrong; `path` says which, such as `faults[2].ms`. */
export class ScriptInvalid extends Schema.TaggedError<ScriptInvalid>()("ScriptInvalid", {
  file: Schema.String,
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return this.path === "" ? `${this.file}: ${this.detail}` : `${this.file}: "${this.path}": ${this.detail}`
  }
}

export type ScriptError = ScriptNotRead | ScriptNotJson | ScriptInvalid

const pathOf = (path: ReadonlyArray<PropertyKey>): string =>
  path.reduce<string>(
    (text, key) => typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`,
    ""
  )

const sentences: Readonly<Record<string, string>> = {
  "Missing key": "it is missing",
  "Expected no excess property": "nothing of that name belongs here"
}

/** Checks the kind of a fault first: the error of a union would list all kinds with all their fields. */
const unknownKind = (
  json: unknown,
  kinds: ReadonlyArray<string>
): readonly [index: number, detail: string] | undefined => {
  if (!Predicate.hasProperty(json, "faults") || !Array.isArray(json.faults)) return undefined
  const index = json.faults.findIndex((fault) =>
    !Predicate.hasProperty(fault, "_tag") || !kinds.includes(String(fault._tag))
  )
  return index < 0 ? undefined : [index, `expected one of ${kinds.join(", ")}`]
}

const standard = SchemaIssue.makeFormatterStandardSchemaV1()

/** Reads the script of a simulation: `{ "faults": [...], "operations": [...] }`, for domains of these names. */
export const read = Effect.fn("ScriptFile.read")(function*(
  file: string,
  known: ReadonlyArray<string>
): Effect.fn.Return<Script, ScriptError, FileSystem.FileSystem> {
  const [{ Script }, { Fault }] = yield* Effect.promise(() =>
    Promise.all([import("../../testing/Simulation.ts"), import("../../testing/Fault.ts")])
  )
  const text = yield* FileSystem.FileSystem.use((fs) => fs.readFileString(file)).pipe(
    Effect.mapError(({ reason }) =>
      new ScriptNotRead({ file, detail: reason._tag === "NotFound" ? "there is no such file" : reason.message })
    )
  )
  const json = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) => new ScriptNotJson({ file, detail: error instanceof Error ? error.message : String(error) })
  })
  const kind = unknownKind(json, Object.keys(Fault.cases))
  if (kind !== undefined) return yield* new ScriptInvalid({ file, path: `faults[${kind[0]}]._tag`, detail: kind[1] })
  const script = yield* Schema.decodeUnknownEffect(Script)(json, { onExcessProperty: "error" }).pipe(
    Effect.mapError(({ issue }) => {
      const { message, path } = standard(issue).issues[0]!
      return new ScriptInvalid({
        file,
        path: pathOf((path ?? []).map((key) => typeof key === "object" ? key.key : key)),
        detail: sentences[message] ?? message.replace(/^Expected/, "expected")
      })
    })
  )
  for (const part of ["faults", "operations"] as const) {
    const index = script[part].findIndex(({ domain }) => !known.includes(domain))
    if (index < 0) continue
    const detail = `there is no domain "${script[part][index]!.domain}"; there are: ${known.join(", ")}`
    return yield* new ScriptInvalid({ file, path: `${part}[${index}].domain`, detail })
  }
  return script
})
