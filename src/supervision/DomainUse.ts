import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Transitions } from "../heartbeat/Transitions.ts"
import * as CauseText from "../model/CauseText.ts"
import { type DomainHandles, DomainUnavailable } from "../model/DomainHandle.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import * as DomainLog from "./DomainLog.ts"
import type { Generation } from "./Generation.ts"
import type { SupervisedDomain } from "./SupervisedDomain.ts"
import type { SupervisorState } from "./SupervisorState.ts"

const activeGeneration = ({ phase }: SupervisedDomain): Generation | undefined =>
  phase._tag === "active" ? phase.generation : undefined

/** Why a domain that is crashed, or restarts after a crash, crashed. */
const causeOf = ({ status }: SupervisedDomain): string | null => "cause" in status ? status.cause : null

/** Gives out the services of domains, over what the supervisor runs. */
export const make = ({ blockedBy, changed, commits, state }: {
  readonly state: () => SupervisorState
} & Pick<Transitions["Service"], "blockedBy" | "changed" | "commits">): DomainHandles["Service"] => {
  const unavailable = (
    domain: SupervisedDomain,
    reason: DomainUnavailable["reason"],
    cause: string | null = causeOf(domain)
  ) => {
    const blocking = blockedBy(domain)
    return new DomainUnavailable({
      domain: domain.node.domain.name,
      reason,
      status: domain.status._tag,
      blockedBy: blocking.map((other) => other.domain.name),
      cause: cause ?? blocking.map((other) => causeOf(state().domainOf(other))).find((text) => text !== null) ?? null
    })
  }

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

  /** Logs that a use exceeded its time, beside the fiber that called it. */
  const abandoned = ({ node }: SupervisedDomain) => {
    const limit = Duration.format(node.domain.shutdownTimeout)
    state().fork(
      Effect.logWarning(`${DomainLog.label(node)} A use exceeded shutdownTimeout (${limit}); abandoned`).pipe(
        DomainLog.annotate(node, state().tickNow().count),
        Telemetry.event("thunderline.domain.use_abandoned")
      )
    )
  }

  return {
    use: Effect.fnUntraced(function*(name, effect, useOptions) {
      const domain = state().find(name)
      if (domain === undefined) {
        return yield* new DomainUnavailable({
          domain: name,
          reason: "unknown",
          status: null,
          blockedBy: [],
          cause: null
        })
      }
      const generation = yield* useOptions?.timeout === undefined ? acquire(domain) : acquire(domain).pipe(
        Effect.timeoutOrElse({
          duration: Duration.fromInputUnsafe(useOptions.timeout),
          orElse: () => Effect.fail(unavailable(domain, "timeout"))
        })
      )
      const used = yield* generation.use(effect, () => abandoned(domain))
      if (used._tag === "Returned") return used.value
      const cause = Exit.isFailure(used.exit) ? CauseText.render(used.exit.cause) : null
      return yield* unavailable(domain, "ended", cause)
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
