/**
 * How the services of a running domain are had from outside, and why they cannot be had. Use `Domain.use`, which is typed;
 * `DomainHandles` is for code that knows a domain only by its name.
 *
 * @example
 * ```ts
 * import { Context, Effect, Layer } from "effect"
 * import { Domain } from "thunderline"
 *
 * class Cache extends Context.Service<Cache, { readonly size: Effect.Effect<number> }>()("Cache") {}
 * const cache = Domain.make("cache", { layer: Layer.succeed(Cache, { size: Effect.succeed(0) }) })
 *
 * const program = Domain.use(cache, Cache.use(({ size }) => size), { timeout: "1 second" }).pipe(
 *   Effect.catchTag("DomainUnavailable", (error) => Effect.as(Effect.log(error.message), 0))
 * )
 * ```
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { StatusName } from "./DomainStatus.ts"

/**
 * A domain's services cannot be had: it is not part of this application, it is crashed for good, inactive or blocked by
 * such a one, it did not become active in time, or the generation that was in use has ended.
 */
export class DomainUnavailable extends Schema.TaggedError<DomainUnavailable>()("DomainUnavailable", {
  domain: Schema.String,
  reason: Schema.Literals(["unknown", "crashed", "inactive", "blocked", "timeout", "ended"]),
  status: Schema.NullOr(StatusName),
  blockedBy: Schema.Array(Schema.String),
  /**
   * The failure behind it, as text: of the domain that is crashed or restarting, of the first one in `blockedBy` that is,
   * of the generation that has ended; `null` where nothing failed.
   */
  cause: Schema.NullOr(Schema.String)
}) {
  override get message() {
    switch (this.reason) {
      case "unknown":
        return `Domain ${this.domain} is not one of this application's`
      case "crashed":
        return `Domain ${this.domain} is crashed and has no restarts left`
      case "inactive":
        return `Domain ${this.domain} is inactive`
      case "blocked":
        return `Domain ${this.domain} waits for ${this.blockedBy.join(", ")}, which will not become active by itself`
      case "timeout":
        return `Domain ${this.domain} did not become active in time, it is ${this.status}`
      case "ended":
        return `The generation of domain ${this.domain} that was in use has ended`
    }
  }
}

/**
 * Gives out the services of running domains, one generation at a time. `Domain.use` is the typed way to it.
 */
export class DomainHandles extends Context.Service<DomainHandles, {
  readonly use: <A, E, R>(
    domain: string,
    effect: Effect.Effect<A, E, R>,
    options?: { readonly timeout?: Duration.Input | undefined }
  ) => Effect.Effect<A, E | DomainUnavailable, R>
  /** The first active domain, in the order given, whose layer provides this service. */
  readonly provider: <I, S>(service: Context.Key<I, S>) => Option.Option<string>
}>()("thunderline/DomainHandles") {}
