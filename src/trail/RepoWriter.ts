/**
 * The writing side of the trail, for Thunderline itself and for those who add a backend: a backend is a layer that
 * provides `Repo` and `RepoWriter`. Domains do not get it; they read with `Repo`.
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as CauseText from "../model/CauseText.ts"
import type { DomainEvent } from "../model/DomainEvent.ts"
import type { RegistryRow, RegistryStatus } from "./Projection.ts"
import type { RepoError } from "./Repo.ts"
import type { Run, RunInUse } from "./Run.ts"

/** A claim on the trail: it belongs to one run for the life of a scope. */
export interface RunClaim {
  /**
   * Renews the lease, and closes runs whose lease has expired. Fails when the claim may be lost: claim again, in a new
   * scope.
   */
  readonly renew: Effect.Effect<void, RepoError>
}

/**
 * Writes the trail.
 *
 * `record` is for transitions: the events and the rows that they change, in one transaction, in order. An event whose id
 * is already there is skipped, so that a batch may be sent again. Events of a run that has ended change no rows: a
 * program that was taken for lost leaves the present to the one that took over.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { MemoryRepo, RepoWriter } from "thunderline"
 *
 * // A backend that is made from another one.
 * const layerLogged = Layer.effect(
 *   RepoWriter.RepoWriter,
 *   Effect.map(RepoWriter.RepoWriter, (writer) => ({
 *     ...writer,
 *     record: (events) => Effect.andThen(Effect.log(`${events.length} transitions`), writer.record(events))
 *   }))
 * ).pipe(Layer.provideMerge(MemoryRepo.layer))
 * ```
 */
export class RepoWriter extends Context.Service<RepoWriter, {
  readonly record: (events: ReadonlyArray<DomainEvent>) => Effect.Effect<void, RepoError>
  /** Marks a domain active at a tick: makes or changes its row, sets `activatedAt`. */
  readonly recordActivation: (
    domainName: string,
    tickCount: number,
    metadata?: Schema.JsonObject
  ) => Effect.Effect<RegistryRow, RepoError>
  /** Changes a domain's status; the row is made if there is none. `metadata` is merged into what is there. */
  readonly updateStatus: (
    domainName: string,
    status: RegistryStatus,
    tickCount: number,
    metadata?: Schema.JsonObject
  ) => Effect.Effect<RegistryRow, RepoError>
  /**
   * Claims the trail for the run for the life of the scope, and opens the run or continues it. Of any number of programs
   * that try at the same time one succeeds; the others fail with `RunInUse`.
   *
   * Runs of other programs that have no end and have not renewed for `lease` are closed as `lost`: they end when they
   * last renewed, and their domains are not active any more.
   */
  readonly claimRun: (
    run: Run,
    lease: Duration.Duration
  ) => Effect.Effect<RunClaim, RepoError | RunInUse, Scope.Scope>
  /** Opens a run without a claim; changes nothing if it is there. */
  readonly beginRun: (run: Run) => Effect.Effect<void, RepoError>
  /** Renews the lease of a run, never to an earlier time. */
  readonly renewRun: (runId: string, at: DateTime.Utc) => Effect.Effect<void, RepoError>
  readonly endRun: (runId: string, at: DateTime.Utc, exitReason: string) => Effect.Effect<void, RepoError>
  /** Removes the oldest transitions from before a moment, at most `limit` (default 1,000); returns how many. */
  readonly prune: (before: DateTime.Utc, limit?: number) => Effect.Effect<number, RepoError>
}>()("thunderline/RepoWriter") {}

/** A cause as it is kept: cut to `maxCauseLength`, valid Unicode without NUL characters. */
export const keptCause = (cause: string | null): string | null => cause === null ? null : CauseText.clip(cause)
