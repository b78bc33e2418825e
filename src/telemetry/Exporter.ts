import * as Context from "effect/Context"

/**
 * What an exporter of telemetry tells the application that it is provided to.
 *
 * When to use: provide it from an exporter of your own, so that the trail carries the exporter's `service.instance.id`,
 * and readiness and the control plane say where telemetry goes and whether it arrives. `Otel.layer` and `Otlp.layer` do.
 */
export interface ExporterInfo {
  /** The collector's address without user, password and query; `null`: nothing is exported. */
  readonly collector: string | null
  /** `service.instance.id` of everything that is exported; `undefined`: the run makes one of its own. */
  readonly instanceId: string | undefined
  /** What does not arrive, each in a few words; readiness passes, and says it. */
  readonly degradations: () => ReadonlyArray<string>
}

/** The exporter around the application (default: none). */
export const Exporter = Context.Reference<ExporterInfo>("thunderline/Exporter", {
  defaultValue: () => ({ collector: null, instanceId: undefined, degradations: () => [] })
})
