/**
 * This start of the program: its id, its names and when it began. Use it to mark what an app writes elsewhere, so that it
 * can be matched with the trail and with telemetry. Past runs are in `Repo.runs`.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Exporter } from "../telemetry/Exporter.ts"

/**
 * The run. `runId` names it in the trail and in telemetry, `node` the process. `nextId` makes version 7 UUIDs, each
 * sorting after the one before.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { CurrentRun } from "thunderline"
 *
 * const program = Effect.gen(function*() {
 *   const { app, runId } = yield* CurrentRun.CurrentRun
 *   yield* Effect.log(`${app}, run ${runId}`)
 * })
 * ```
 */
export class CurrentRun extends Context.Service<CurrentRun, {
  readonly runId: string
  readonly node: string
  readonly app: string
  readonly version: string
  readonly startedAt: DateTime.Utc
  readonly nextId: () => string
}>()("thunderline/CurrentRun") {}

/** The names of this run; everything has a default. */
export interface CurrentRunOptions {
  /** The application's name (default `thunderline`). */
  readonly app?: string | undefined
  /** The application's version (default `0.0.0`). */
  readonly version?: string | undefined
  /** The process's name, OpenTelemetry's `service.instance.id` (default: the exporter's, else a random UUID). */
  readonly node?: string | undefined
}

/** Names a run: its id, its node, and the source of identifiers that grow. */
export const make = Effect.fnUntraced(function*(options?: CurrentRunOptions) {
  const random = Option.getOrElse(
    yield* Effect.serviceOption(SecureRandom.SecureRandom),
    () => SecureRandom.make((size) => globalThis.crypto.getRandomValues(new Uint8Array(size)))
  )
  const context = Context.make(Clock.Clock, yield* Clock.Clock)
  const uuidV7 = random.uuidV7()
  const nextId = () => Effect.runSyncWith(context)(uuidV7)
  return CurrentRun.of({
    runId: nextId(),
    node: options?.node ?? (yield* Exporter).instanceId ?? (yield* random.uuidV4()),
    app: options?.app ?? "thunderline",
    version: options?.version ?? "0.0.0",
    startedAt: yield* DateTime.now,
    nextId
  })
})

/** Names this run. Its ids are made with the `SecureRandom` of the context, if there is one. */
export const layer = (options?: CurrentRunOptions): Layer.Layer<CurrentRun> => Layer.effect(CurrentRun, make(options))
