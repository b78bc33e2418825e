import * as Context from "effect/Context"
import type * as Redacted from "effect/Redacted"

/** How the control plane is guarded. */
export class Settings extends Context.Service<Settings, {
  /** The token that operations need. */
  readonly token: Redacted.Redacted<string>
  /** Whether reading is open (on the loopback interface) or needs the token. */
  readonly reading: "open" | "token"
  /** Names that a request's `Host` may have, besides addresses and `localhost`. */
  readonly allowedHosts: ReadonlyArray<string>
  /** Where telemetry is sent to, without what is secret in it; `null` when it is not sent anywhere. */
  readonly collector: string | null
}>()("thunderline/control/Settings") {}
