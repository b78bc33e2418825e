import * as Context from "effect/Context"
import type * as Redacted from "effect/Redacted"

/** How the control plane is guarded and what it tells of telemetry. */
export class Settings extends Context.Service<Settings, {
  /** What whoever changes something has to show. */
  readonly token: Redacted.Redacted<string>
  /** Who may read: anybody (on the loopback interface), or whoever has the token. */
  readonly reading: "open" | "token"
  /** Names that a request's `Host` may have, besides addresses and `localhost`. */
  readonly allowedHosts: ReadonlyArray<string>
  /** Where telemetry is sent to, without what is secret in it; `null` when it is not sent anywhere. */
  readonly collector: string | null
}>()("thunderline/control/Settings") {}
