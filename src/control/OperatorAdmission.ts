import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Admission from "../model/Admission.ts"
import { DomainHandles } from "../model/DomainHandle.ts"
import { Forbidden, TooManyRequests } from "./Problem.ts"

/** Decides whether an operator may do something now, and counts wrong tokens. */
export class OperatorAdmission extends Context.Service<OperatorAdmission, {
  /** Admits one action of an operator whose token was right, such as `domain.restart`. */
  readonly operator: (action: string) => Effect.Effect<void, Forbidden | TooManyRequests>
  /** Counts a wrong token against the address that it came from. */
  readonly failedToken: (address: string) => Effect.Effect<void, TooManyRequests>
}>()("thunderline/control/OperatorAdmission") {}

const limit = 60
const window = Duration.minutes(1)

const operator: Admission.Caller = { name: "operator", roles: ["operator"] }

const tooMany = (error: Admission.RateLimited) =>
  new TooManyRequests({
    detail: error.message,
    retryAfter: Math.max(1, Math.ceil(Duration.toSeconds(error.retryAfter)))
  })

const make = Effect.gen(function*() {
  const handles = yield* DomainHandles
  const limiter = yield* RateLimiter.RateLimiter

  const consume = (caller: string) =>
    limiter.consume({ key: caller, limit, window }).pipe(
      Effect.catchReason("RateLimiterError", "RateLimitExceeded", ({ retryAfter }) =>
        Effect.fail(new Admission.RateLimited({ caller, limit, window, retryAfter })), Effect.die),
      Effect.mapError(tooMany),
      Effect.asVoid
    )

  /** Asks the domain that provides `Admission`, if one does and is active; `false` when none has decided. */
  const byDomain = (action: string) =>
    Option.match(handles.provider(Admission.Admission), {
      onNone: () => Effect.succeed(false),
      onSome: (domain) =>
        handles.use(
          domain,
          Effect.flatMap(
            Effect.serviceOption(Admission.Admission),
            Option.match({
              onNone: () => Effect.succeed(false),
              onSome: (admission) => Effect.as(admission.admit(operator, action), true)
            })
          ),
          { timeout: "1 second" }
        ).pipe(
          Effect.catchTags({
            DomainUnavailable: () => Effect.succeed(false),
            Forbidden: (error) => Effect.fail(new Forbidden({ detail: error.message })),
            RateLimited: (error) => Effect.fail(tooMany(error))
          })
        )
    })

  return OperatorAdmission.of({
    operator: (action) => Effect.flatMap(byDomain(action), (decided) => (decided ? Effect.void : consume("operator"))),
    failedToken: (address) => consume(`address ${address}`)
  })
})

/** Asks the domain that provides `Admission`; without one, 60 actions a minute are admitted. */
export const layer: Layer.Layer<OperatorAdmission, never, DomainHandles> = Layer.effect(OperatorAdmission, make).pipe(
  Layer.provide(RateLimiter.layer),
  Layer.provide(RateLimiter.layerStoreMemory)
)
