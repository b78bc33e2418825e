import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Exporter } from "../telemetry/Exporter.ts"

/**
 * This start of the program, and the source of its identifiers.
 *
 * `runId` names the run in the trail and in telemetry, `node` the process that the records come from. `nextId` makes
 * version 7 UUIDs, each sorting after the one before.
 */
export class CurrentRun extends Context.Service<CurrentRun, {
  readonly runId: string
  readonly node: string
  readonly app: string
  readonly version: string
  readonly startedAt: DateTime.Utc
  readonly nextId: () => string
}>()("thunderline/CurrentRun") {}

/** How this run is called; everything has a default. */
export interface CurrentRunOptions {
  /** The application's name (default `thunderline`). */
  readonly app?: string | undefined
  /** The application's version (default `0.0.0`). */
  readonly version?: string | undefined
  /** The process's name, OpenTelemetry's `service.instance.id` (default: the exporter's, else a random UUID). */
  readonly node?: string | undefined
}

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

/** Names this run. A `SecureRandom` in the context, if there is one, is where its randomness comes from. */
export const layer = (options?: CurrentRunOptions): Layer.Layer<CurrentRun> => Layer.effect(CurrentRun, make(options))
