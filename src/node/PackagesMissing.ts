import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** A part of Thunderline needs packages that are not installed with it, because most applications do without them. */
export class PackagesMissing extends Schema.TaggedError<PackagesMissing>()("PackagesMissing", {
  /** What needs them. */
  feature: Schema.String,
  /** What `npm install` takes. */
  packages: Schema.Array(Schema.String),
  /** What else helps, if anything does. */
  alternative: Schema.NullOr(Schema.String)
}) {
  override get message() {
    const alternative = this.alternative === null ? "" : `; or ${this.alternative}`
    return `${this.feature} is not installed: npm install ${this.packages.join(" ")}${alternative}`
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error &&
  (error.code === "ERR_MODULE_NOT_FOUND" || error.code === "MODULE_NOT_FOUND")

/** Loads what needs the packages; anything but their absence is a defect. */
export const load = <A>(
  missing: {
    readonly feature: string
    readonly packages: ReadonlyArray<string>
    readonly alternative?: string | undefined
  },
  module: () => A | Promise<A>
): Effect.Effect<A, PackagesMissing> =>
  Effect.tryPromise({ try: async () => module(), catch: (error) => error }).pipe(
    Effect.catch((error) =>
      isMissing(error)
        ? Effect.fail(new PackagesMissing({ ...missing, alternative: missing.alternative ?? null }))
        : Effect.die(error)
    )
  )
