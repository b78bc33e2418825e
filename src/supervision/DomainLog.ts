import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { DomainNode } from "../model/DomainGraph.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"

/** What a domain's log lines begin with: `[Thunderflow]`. */
export const label = ({ domain: { name } }: { readonly domain: { readonly name: string } }): string =>
  `[${name[0]!.toUpperCase()}${name.slice(1)}]`

/** Adds a domain's name and a tick to a log line. */
export const annotate = (
  { domain }: DomainNode,
  tick: number,
  more?: Schema.JsonObject
): (line: Effect.Effect<void>) => Effect.Effect<void> => Effect.annotateLogs({ domain: domain.name, tick, ...more })

/** Logs what failed by a bug of Thunderline's own. */
export const bug = (
  node: DomainNode,
  message: string,
  tick: number,
  cause: Cause.Cause<unknown>
): Effect.Effect<void> => Effect.logFatal(`${label(node)} ${message}, which is a bug`, cause).pipe(annotate(node, tick))

/** Logs a line of a domain at INFO as an event. */
export const info = (
  node: DomainNode,
  message: string,
  tick: number,
  event: Parameters<typeof Telemetry.event>[0]
): Effect.Effect<void> => Effect.logInfo(`${label(node)} ${message}`).pipe(annotate(node, tick), Telemetry.event(event))

/** Logs at ERROR what users' code of a domain did wrong. */
export const error = (
  node: DomainNode,
  message: string,
  tick: number,
  cause: Cause.Cause<unknown>
): Effect.Effect<void> => Effect.logError(`${label(node)} ${message}`, cause).pipe(annotate(node, tick))

/** Logs at ERROR that a domain does not restart. */
export const givenUp = (node: DomainNode, tick: number, why: string): Effect.Effect<void> =>
  Effect.logError(`${label(node)} Stays crashed: ${why}`).pipe(
    annotate(node, tick),
    Telemetry.event("thunderline.domain.given_up")
  )
