import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Transitions } from "../heartbeat/DomainRegistry.ts"
import type { DomainNode } from "../model/DomainGraph.ts"
import { DomainHandles, DomainUnavailable } from "../model/DomainHandle.ts"
import type { Generation } from "./Generation.ts"

/** The giver-out of domains' services, over what the supervisor runs. */
export const make = (options: {
  readonly nodes: ReadonlyMap<string, DomainNode>
  readonly transitions: Transitions["Service"]
  /** The active generation of a domain. */
  readonly active: (node: DomainNode) => Generation | undefined
}): DomainHandles["Service"] => {
  const { active, nodes, transitions } = options

  const unavailable = (node: DomainNode, reason: DomainUnavailable["reason"]) =>
    new DomainUnavailable({
      domain: node.domain.name,
      reason,
      status: transitions.status(node)._tag,
      blockedBy: transitions.blockedBy(node).map((other) => other.domain.name)
    })

  /** Waits until the domain is active; no later than that is known to be in vain. */
  const acquire = (node: DomainNode): Effect.Effect<Generation, DomainUnavailable> =>
    Effect.suspend(() => {
      const generation = active(node)
      if (generation !== undefined) return Effect.succeed(generation)
      const { _tag: status } = transitions.status(node)
      if (status === "crashed" || status === "inactive") return Effect.fail(unavailable(node, status))
      if (transitions.blockedBy(node).length > 0) return Effect.fail(unavailable(node, "blocked"))
      return Effect.andThen(transitions.changed(transitions.commits()), acquire(node))
    })

  return DomainHandles.of({
    use: Effect.fnUntraced(function*(name, effect, useOptions) {
      const node = nodes.get(name)
      if (node === undefined) {
        return yield* new DomainUnavailable({ domain: name, reason: "unknown", status: null, blockedBy: [] })
      }
      const generation = yield* useOptions?.timeout === undefined ? acquire(node) : acquire(node).pipe(
        Effect.timeoutOrElse({
          duration: Duration.fromInputUnsafe(useOptions.timeout),
          orElse: () => Effect.fail(unavailable(node, "timeout"))
        })
      )
      const result = yield* generation.use(effect)
      if (Option.isNone(result)) return yield* unavailable(node, "ended")
      return result.value
    }),
    provider: (service) => {
      for (const [name, node] of nodes) {
        const services = active(node)?.services()
        if (services !== undefined && Context.getOption(services, service)._tag === "Some") return Option.some(name)
      }
      return Option.none()
    }
  })
}
