import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type { Database } from "../postgres/Database.ts"
import * as ExitCode from "./ExitCode.ts"
import type { App } from "./flags/AppModule.ts"
import type { Listen } from "./flags/Listen.ts"

/** How `start` was asked to run. */
export interface ProgramSettings {
  readonly interval: Duration.Duration
  readonly firstTick: "interval" | "immediate"
  /** Whether the program goes on without its trail. */
  readonly trail: "best-effort" | "required"
  /** The application's name in the trail. */
  readonly name: string
  /** Whether the database schema is brought up to date at the start. */
  readonly migrate: boolean
  /** How long transitions are kept; for ever without. */
  readonly retention: Option.Option<Duration.Duration>
  /** Whether thundercrown, of the domains that come with Thunderline, carries its decisions out. */
  readonly policy: "act" | "dry-run"
  readonly database: Database
  /** The base URL of the collector; without it the environment says whether and where telemetry goes. */
  readonly otlp: Option.Option<string>
  readonly traceLevel: "Info" | "Debug"
  /** Where the control plane listens; `undefined` runs without one. */
  readonly listen: Listen | undefined
}

/** A domain with `escalate` has spent its restarts: the program ends, so that the platform may start it anew. */
export class ProgramEscalated extends Schema.TaggedError<ProgramEscalated>()("ProgramEscalated", {
  domain: Schema.String,
  cause: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = ExitCode.escalated
  override get message() {
    return `Domain ${this.domain} has spent its restarts and ends the program: ${this.cause.split("\n")[0]}`
  }
}

/**
 * The long-running program. `start` knows it by this tag alone, so that what runs beside the domains is decided where the
 * program is put together.
 */
export class Program extends Context.Service<Program, {
  /**
   * Runs until it is interrupted, which is its orderly end, or fails with what kept it from starting or from going on.
   * Without an app it runs the domains that come with Thunderline.
   */
  readonly run: (settings: ProgramSettings, app: App | undefined) => Effect.Effect<never, unknown>
}>()("thunderline/cli/Program") {}
