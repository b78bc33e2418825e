/**
 * What an exporter of telemetry tells the application that it is provided to: the run takes the instance id over, and
 * readiness and the control plane say where telemetry goes and what does not arrive. Use it for a set-up of your own;
 * `Otlp.layer` and `Otel.layer` provide it.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Exporter } from "thunderline"
 *
 * const told = Layer.succeed(Exporter.Exporter, {
 *   collector: "http://127.0.0.1:4318",
 *   instanceId: crypto.randomUUID(),
 *   degradations: () => []
 * })
 * ```
 */
import * as Context from "effect/Context"

/** What the exporter says of itself. */
export interface ExporterInfo {
  /** The collector's address without user, password and query; `null`: nothing is exported. */
  readonly collector: string | null
  /** `service.instance.id` of everything that is exported; `undefined`: the run makes one of its own. */
  readonly instanceId: string | undefined
  /** What does not arrive, each in one phrase; readiness passes, and reports it. */
  readonly degradations: () => ReadonlyArray<string>
}

/** The exporter around the application (default: none). */
export const Exporter = Context.Reference<ExporterInfo>("thunderline/Exporter", {
  defaultValue: () => ({ collector: null, instanceId: undefined, degradations: () => [] })
})
