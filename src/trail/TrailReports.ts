import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/** Who works on the trail: the outbox when there is something to write, the lease every few seconds. */
export type Reporter = "Outbox" | "RunLease"

/** Why the trail is not written: in short, and in a sentence. */
export interface Trouble {
  readonly detail: string
  readonly message: string
}

/** Where those who work on the trail report what they find; `TrailStatus` tells everybody else. */
export class TrailReports extends Context.Service<TrailReports, {
  readonly degraded: (reporter: Reporter, trouble: Trouble) => Effect.Effect<void>
  /** The reporter has no trouble. `note` is added to the log line. */
  readonly ok: (reporter: Reporter, note?: string) => Effect.Effect<void>
}>()("thunderline/TrailReports") {}
