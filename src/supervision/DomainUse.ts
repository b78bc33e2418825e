import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Transitions } from "../heartbeat/Transitions.ts"
import { type DomainHandles, DomainUnavailable } from "../model/DomainHandle.ts"
import type { Generation } from "./Generation.ts"
import type { SupervisedDomain } from "./SupervisedDomain.ts"
import type { SupervisorState } from "./SupervisorState.ts"

const activeGeneration = ({ phase }: SupervisedDomain): Generation | undefined =>
  phase._tag === "active" ? phase.generation : undefined

/** Gives out the services of domains, over what the supervisor runs. */
export const make = ({ blockedBy, changed, commits, state }: {
  readonly state: () => SupervisorState
} & Pick<Transitions["Service"], "blockedBy" | "changed" | "commits">): DomainHandles["Service"] => {
  const unavailable = (domain: SupervisedDomain, reason: DomainUnavailable["reason"]) =>
    new DomainUnavailable({
      domain: domain.node.domain.name,
      reason,
      status: domain.status._tag,
      blockedBy: blockedBy(domain).map((other) => other.domain.name)
    })

  /** Waits until the domain is active, or cannot become active by itself. */
  const acquire = (domain: SupervisedDomain): Effect.Effect<Generation, DomainUnavailable> =>
    Effect.suspend(() => {
      const generation = activeGeneration(domain)
      if (generation !== undefined) return Effect.succeed(generation)
      const { _tag: status } = domain.status
      if (status === "crashed" || status === "inactive") return Effect.fail(unavailable(domain, status))
      if (blockedBy(domain).length > 0) return Effect.fail(unavailable(domain, "blocked"))
      return Effect.andThen(changed(commits()), acquire(domain))
    })

  return {
    use: Effect.fnUntraced(function*(name, effect, useOptions) {
      const domain = state().find(name)
      if (domain === undefined) {
        return yield* new DomainUnavailable({ domain: name, reason: "unknown", status: null, blockedBy: [] })
      }
      const generation = yield* useOptions?.timeout === undefined ? acquire(domain) : acquire(domain).pipe(
        Effect.timeoutOrElse({
          duration: Duration.fromInputUnsafe(useOptions.timeout),
          orElse: () => Effect.fail(unavailable(domain, "timeout"))
        })
      )
      const result = yield* generation.use(effect)
      if (Option.isNone(result)) return yield* unavailable(domain, "ended")
      return result.value
    }),
    provider: (service) => {
      for (const domain of state().domains) {
        const services = activeGeneration(domain)?.services
        if (services !== undefined && Option.isSome(Context.getOption(services, service))) {
          return Option.some(domain.node.domain.name)
        }
      }
      return Option.none()
    }
  }
}
