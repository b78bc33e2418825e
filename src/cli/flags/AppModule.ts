import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import * as App from "../../model/App.ts"
import * as CauseText from "../../model/CauseText.ts"
import * as Domain from "../../model/Domain.ts"
import * as DomainGraph from "../../model/DomainGraph.ts"
import { attempt, isA, read } from "../../model/ForeignValue.ts"

/** The module does not exist. */
export class AppNotFound extends Schema.TaggedError<AppNotFound>()("AppNotFound", {
  file: Schema.String,
  detail: Schema.Literals(["missing", "folder"])
}) {
  override get message() {
    return this.detail === "missing"
      ? `${this.file}: there is no such file`
      : `${this.file} is a folder; expected a module that exports an app`
  }
}

/** The module could not be imported: it does not parse, imports what is not there, or throws. */
export class AppNotLoaded extends Schema.TaggedError<AppNotLoaded>()("AppNotLoaded", {
  file: Schema.String,
  /** `file:line` of the fault, where it is known. */
  location: Schema.NullOr(Schema.String),
  reason: Schema.String
}) {
  override get message() {
    const at = this.location === null || this.location.startsWith(`${this.file}:`)
      ? this.location ?? this.file
      : `${this.file} (at ${this.location})`
    return `${at}: ${this.reason}`
  }
}

/** The module exports neither an app nor `domains`. */
export class AppWithoutDomains extends Schema.TaggedError<AppWithoutDomains>()("AppWithoutDomains", {
  file: Schema.String,
  exports: Schema.Array(Schema.String)
}) {
  override get message() {
    const found = this.exports.length === 0 ? "nothing" : this.exports.join(", ")
    return `${this.file} does not export an app (it exports ${found}); ` +
      `expected: export default Thunderline.app({ domains }), or export const domains = [...]`
  }
}

/** `domains` is not an array of domains. */
export class AppDomainsInvalid extends Schema.TaggedError<AppDomainsInvalid>()("AppDomainsInvalid", {
  file: Schema.String,
  /** Which element is wrong; `null` when `domains` is no array or an empty one. */
  index: Schema.NullOr(Schema.Natural),
  found: Schema.String
}) {
  override get message() {
    const what = this.index === null ? "domains" : `domains[${this.index}]`
    const expected = this.index === null ? "an array of domains" : "a domain, made with Domain.make"
    return `${this.file}: "${what}" is ${this.found}; expected ${expected}`
  }
}

/** `layer` is not a layer. */
export class AppLayerInvalid extends Schema.TaggedError<AppLayerInvalid>()("AppLayerInvalid", {
  file: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `${this.file}: "layer" is ${this.found}; expected a Layer that provides what the domains need`
  }
}

/** The domains cannot start together: a bad or double name, a missing dependency, a cycle, an option out of range. */
export class AppGraphInvalid extends Schema.TaggedError<AppGraphInvalid>()("AppGraphInvalid", {
  file: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.file}: ${this.detail}`
  }
}

export type AppError =
  | AppNotFound
  | AppNotLoaded
  | AppWithoutDomains
  | AppDomainsInvalid
  | AppLayerInvalid
  | AppGraphInvalid

const describe = (u: unknown): string => {
  if (u === null || u === undefined) return String(u)
  if (Array.isArray(u)) return u.length === 0 ? "an empty array" : "an array"
  if (Effect.isEffect(u)) return "an Effect"
  if (Layer.isLayer(u)) return "a Layer"
  if (Domain.isDomain(u)) return "a domain"
  switch (typeof u) {
    case "string":
      return `the string ${JSON.stringify(u)}`
    case "object":
      return "an object"
    case "function":
      return "a function"
    default:
      return `the ${typeof u} ${String(u)}`
  }
}

/** Node heads the stack of a syntax error with `file:line`; in any other the first frame outside packages is meant. */
const faultLine = /^(?<file>(?:file:\/\/|\/|[A-Z]:\\).*):(?<line>\d+)$/
const faultFrame = /(?<file>file:\/\/[^\s()]+?):(?<line>\d+):\d+\)?$/

const locate = (error: unknown): { readonly file: string; readonly line: string } | undefined => {
  const stack = isA(error, Error) ? read(error, "stack") : undefined
  if (typeof stack !== "string") return undefined
  const lines = stack.slice(0, 16 * 1024).split("\n")
  const head = faultLine.exec(lines[0]!)?.groups
  const frame = head ?? lines.map((line) => faultFrame.exec(line)?.groups).find((groups) => groups !== undefined)
  return frame === undefined || frame.file!.includes("/node_modules/") || frame.file === import.meta.url
    ? undefined
    : { file: decodeURI(frame.file!.replace(/^file:\/\//, "")), line: frame.line! }
}

/** The first line of what an import failed with. */
const reasonOf = (error: unknown): string => {
  const plain = CauseText.toError(error)
  const name = isA(error, Error) && plain.name !== "Error" ? `${plain.name}: ` : ""
  const message = isA(error, Error)
    ? plain.message
    : `it threw ${attempt(() => describe(error), "something that cannot be described")}`
  return name + (message.split("\n")[0]!.trim() || "it threw an error without a message")
}

const importModule = Effect.fnUntraced(function*(file: string) {
  const path = yield* Path.Path
  const folder = path.resolve(".") + path.sep
  const shown = (text: string) => text.replaceAll(`file://${folder}`, "").replaceAll(folder, "")
  const url = yield* Effect.orDie(path.toFileUrl(path.resolve(file)))
  return yield* Effect.tryPromise({
    try: () => import(url.href) as Promise<Readonly<Record<string, unknown>>>,
    catch: (error) => {
      const at = locate(error)
      return new AppNotLoaded({
        file: shown(path.resolve(file)),
        location: at === undefined ? null : shown(`${at.file}:${at.line}`),
        reason: shown(reasonOf(error))
      })
    }
  })
})

/** A layer's requirements are not visible at run time: what it lacks fails its build. */
const isLayer = (u: unknown): u is Layer.Layer<never, unknown> => Layer.isLayer(u)

/** What a module exports as its app, as it was written there. */
const partsOf = (module: Readonly<Record<string, unknown>>) => App.isApp(module["default"]) ? module["default"] : module

/**
 * Imports a module whose default export is an app, or that exports `domains` and, if they need something from outside,
 * `layer`. A relative path is taken from the current folder.
 */
export const load = Effect.fn("App.load")(function*(
  file: string
): Effect.fn.Return<App.App, AppError, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const info = yield* Effect.mapError(fs.stat(path.resolve(file)), ({ reason }) =>
    reason._tag === "NotFound"
      ? new AppNotFound({ file, detail: "missing" })
      : new AppNotLoaded({ file, location: null, reason: reason.message }))
  if (info.type === "Directory") return yield* new AppNotFound({ file, detail: "folder" })

  const module = yield* importModule(file)
  const parts: { readonly domains?: unknown; readonly layer?: unknown } = partsOf(module)
  if (!("domains" in parts)) return yield* new AppWithoutDomains({ file, exports: Object.keys(module).sort() })
  const { domains, layer = Layer.empty } = parts
  if (!Array.isArray(domains) || domains.length === 0) {
    return yield* new AppDomainsInvalid({ file, index: null, found: describe(domains) })
  }
  const index = domains.findIndex((domain) => !Domain.isDomain(domain))
  if (index >= 0) return yield* new AppDomainsInvalid({ file, index, found: describe(domains[index]) })
  if (!isLayer(layer)) return yield* new AppLayerInvalid({ file, found: describe(layer) })
  yield* Effect.mapError(DomainGraph.make(domains), ({ message }) => new AppGraphInvalid({ file, detail: message }))
  return App.make(domains, layer)
})
