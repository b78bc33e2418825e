/**
 * Permissions and rates for callers. Use it to decide what people or policies may ask of an application. It does not
 * authenticate: the caller's name must already be known.
 *
 * @example
 * ```ts
 * import { Domain } from "thunderline"
 * import { Gate } from "thunderline/domains"
 *
 * const strict = Domain.make("gate", {
 *   layer: Gate.layerWith({ grants: [{ to: { role: "operator" }, actions: ["domain.restart"] }] })
 * })
 * ```
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Schema from "effect/Schema"
import { Admission, type Admitted, type Caller, Forbidden, RateLimited } from "../../model/Admission.ts"

/**
 * A permission, for one caller, for a role or for everybody. An action is a word such as `domain.restart`, `domain.*`
 * for all that begin with `domain.`, or `*`. An action that no grant allows is forbidden.
 */
export const Grant = Schema.Struct({
  to: Schema.Union([
    Schema.Literal("everybody"),
    Schema.Struct({ caller: Schema.String }),
    Schema.Struct({ role: Schema.String })
  ]),
  actions: Schema.Array(Schema.String)
})
export interface Grant extends Schema.Schema.Type<typeof Grant> {}

/** At most `limit` requests of one caller in a `window`. */
export interface Rate {
  readonly limit: number
  readonly window: Duration.Duration
}

/** Who may do what, and how often. */
export class Gate extends Context.Service<Gate, {
  /** Checks only the permission; does not count towards the caller's rate. */
  readonly authorize: (caller: Caller, action: string) => Effect.Effect<void, Forbidden>
  /** Checks the permission, then counts one request towards the caller's rate. A refused request does not count. */
  readonly admit: (caller: Caller, action: string) => Effect.Effect<Admitted, Forbidden | RateLimited>
}>()("thunderline/domains/Gate") {}

/** Everybody may read, the role `operator` everything; `thundercrown` may restart and deactivate domains. */
export const defaultGrants: ReadonlyArray<Grant> = [
  { to: "everybody", actions: ["read"] },
  { to: { role: "operator" }, actions: ["*"] },
  { to: { caller: "thundercrown" }, actions: ["domain.restart", "domain.deactivate"] }
]

/** 60 requests a minute. */
export const defaultRate: Rate = { limit: 60, window: Duration.minutes(1) }

const isFor = ({ to }: Grant, caller: Caller) =>
  to === "everybody" || ("caller" in to ? to.caller === caller.name : caller.roles.includes(to.role))

const covers = (pattern: string, action: string) =>
  pattern.endsWith("*") ? action.startsWith(pattern.slice(0, -1)) : action === pattern

/** Whether a list of grants lets the caller do it. */
export const isGranted = (grants: ReadonlyArray<Grant>, caller: Caller, action: string): boolean =>
  grants.some((grant) => isFor(grant, caller) && grant.actions.some((pattern) => covers(pattern, action)))

/** A gate with a list of grants (default {@link defaultGrants}) and a rate for each caller (default {@link defaultRate}). */
export const make = Effect.fnUntraced(function*(options?: {
  readonly grants?: ReadonlyArray<Grant> | undefined
  readonly rate?: Rate | undefined
}) {
  const grants = options?.grants ?? defaultGrants
  const { limit, window } = options?.rate ?? defaultRate
  const limiter = yield* RateLimiter.RateLimiter

  const authorize = (caller: Caller, action: string) =>
    isGranted(grants, caller, action)
      ? Effect.void
      : Effect.fail(new Forbidden({ caller: caller.name, action }))

  return Gate.of({
    authorize,
    admit: Effect.fn("Gate.admit")(function*(caller, action) {
      yield* authorize(caller, action)
      const { remaining, resetAfter } = yield* limiter.consume({ key: caller.name, limit, window }).pipe(
        Effect.catchReason(
          "RateLimiterError",
          "RateLimitExceeded",
          (exceeded) => {
            const retryAfter = Duration.millis(Math.ceil(Duration.toMillis(exceeded.retryAfter)))
            return Effect.fail(new RateLimited({ caller: caller.name, limit, window, retryAfter }))
          },
          Effect.die
        )
      )
      return { remaining, resetAfter }
    })
  })
})

/** {@link make} as a layer, with the counts kept in memory: each generation starts at zero. */
export const layerWith = (options: {
  readonly grants?: ReadonlyArray<Grant> | undefined
  readonly rate?: Rate | undefined
}): Layer.Layer<Gate | Admission> =>
  Layer.effectContext(
    Effect.map(make(options), (gate) => Context.make(Gate, gate).pipe(Context.add(Admission, { admit: gate.admit })))
  ).pipe(
    Layer.provide(RateLimiter.layer),
    Layer.provide(RateLimiter.layerStoreMemory)
  )

/** The same with its defaults. */
export const layer: Layer.Layer<Gate | Admission> = layerWith({})
