import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Gate from "../domains/thundergate/Gate.ts"
import { DomainRegistry } from "../heartbeat/DomainRegistry.ts"
import { DomainHandles } from "../model/DomainHandle.ts"
import { Forbidden, TooManyRequests } from "./Problem.ts"

/**
 * Who may do what, and how often. The domain `thundergate` decides while it is active; a gate with the default grants
 * and rate (60 changes a minute) when it is not there.
 */
export class Admission extends Context.Service<Admission, {
  /** Lets the operator, who has shown the token, do one thing, such as `domain.restart`. */
  readonly operator: (action: string) => Effect.Effect<void, Forbidden | TooManyRequests>
  /** Counts a wrong token against the address that it came from. */
  readonly failedToken: (address: string) => Effect.Effect<void, TooManyRequests>
}>()("thunderline/control/Admission") {}

const operator: Gate.Caller = { name: "operator", roles: ["operator"] }

const tooMany = (error: Gate.RateLimited) =>
  new TooManyRequests({
    detail: error.message,
    retryAfter: Math.max(1, Math.ceil(Duration.toSeconds(error.retryAfter)))
  })

/** What a gate says, in the words of the API. */
const answer = <A>(asked: Effect.Effect<A, Gate.Forbidden | Gate.RateLimited>) =>
  asked.pipe(
    Effect.catchTags({
      Forbidden: (error) => Effect.fail(new Forbidden({ detail: error.message })),
      RateLimited: (error) => Effect.fail(tooMany(error))
    })
  )

const make = Effect.gen(function*() {
  const handles = yield* DomainHandles
  const registry = yield* DomainRegistry
  const own = yield* Gate.Gate

  /** The gate of the domain `thundergate`, asked if it is there and active. */
  const thundergate = Effect.fnUntraced(function*(action: string) {
    const status = yield* Effect.option(registry.domainStatus("thundergate"))
    if (Option.isNone(status) || status.value._tag !== "active") return Option.none()
    const asked = Effect.flatMap(Effect.serviceOption(Gate.Gate), (gate) =>
      Option.match(gate, {
        onNone: () => Effect.succeedNone,
        onSome: (gate) => Effect.asSome(gate.admit(operator, action))
      }))
    return yield* handles.use("thundergate", asked, { timeout: "1 second" }).pipe(
      Effect.catchTag("DomainUnavailable", () => Effect.succeedNone)
    )
  })

  return Admission.of({
    operator: Effect.fnUntraced(function*(action) {
      if (Option.isNone(yield* answer(thundergate(action)))) yield* answer(own.admit(operator, action))
    }),
    failedToken: (address) =>
      Effect.asVoid(own.admit({ name: `address ${address}`, roles: ["operator"] }, "authenticate")).pipe(
        Effect.catchTags({ Forbidden: Effect.die, RateLimited: (error) => Effect.fail(tooMany(error)) })
      )
  })
})

export const layer: Layer.Layer<Admission, never, DomainHandles | DomainRegistry> = Layer.effect(Admission, make).pipe(
  Layer.provide(Gate.layer)
)
