import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Repo, RepoError } from "../Repo.ts"
import type { TrailSettings } from "./TrailSettings.ts"

/** The trail cannot be opened: the embedded server does not start, or the database does not answer or refuses. */
export class TrailUnavailable extends Schema.TaggedError<TrailUnavailable>()("TrailUnavailable", {
  detail: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `The trail cannot be opened: ${this.detail}`
  }
}

/** `--database memory` was given to a command that reads what another process has written. */
export class TrailInMemory extends Schema.TaggedError<TrailInMemory>()("TrailInMemory", {}) {
  override get message() {
    return "A trail in memory is gone with its program and cannot be read from here; " +
      "expected --database embedded or a postgres:// URL"
  }
}

/**
 * Opens trails. The commands know it by this tag alone, so that which databases there are is decided where the program
 * is put together.
 */
export class Trail extends Context.Service<Trail, {
  /** The trail that the settings name, with its schema brought up to date; lives as long as the layer. */
  readonly layer: (settings: TrailSettings) => Layer.Layer<Repo, TrailUnavailable>
  /** Brings the schema up to date; the names of the migrations that had to be applied. */
  readonly migrate: (settings: TrailSettings) => Effect.Effect<ReadonlyArray<string>, TrailUnavailable>
}>()("thunderline/cli/Trail") {}

/** Runs a reading on the trail that the settings name. */
export const read = <A, E>(
  settings: TrailSettings,
  reading: Effect.Effect<A, E, Repo>
): Effect.Effect<A, E | RepoError | TrailUnavailable | TrailInMemory, Trail> =>
  settings.database._tag === "Memory"
    ? Effect.fail(new TrailInMemory())
    : Trail.use((trail) => Effect.provide(reading, trail.layer(settings)))
