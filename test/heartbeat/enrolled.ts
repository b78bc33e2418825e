import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DomainRecord from "../../src/heartbeat/DomainRecord.ts"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import { type Transition, Transitions } from "../../src/heartbeat/Transitions.ts"
import * as Domain from "../../src/model/Domain.ts"
import * as DomainGraph from "../../src/model/DomainGraph.ts"
import type { DomainHealth } from "../../src/model/DomainHealth.ts"
import { Trigger } from "../../src/model/DomainStatus.ts"
import { tick } from "../support/values.ts"

export const a = Domain.make("a", { layer: Layer.empty })
export const b = Domain.make("b", { layer: Layer.empty, dependsOn: [a], criticality: "optional" })
export const c = Domain.make("c", { layer: Layer.empty, dependsOn: [b], after: [a] })

/** A registry that knows c, a and b, in that order. */
export const enrolled = Effect.gen(function*() {
  const nodes = yield* DomainGraph.make([c, a, b])
  const transitions = yield* Transitions
  const registry = yield* DomainRegistry
  const health = new Map<string, DomainHealth>()
  transitions.enrol(nodes.map((node) => DomainRecord.make(node, 0)), {
    health: ({ node }) => health.get(node.domain.name) ?? null,
    unmet: () => []
  })
  const [nodeC, nodeA, nodeB] = nodes as [DomainGraph.DomainNode, DomainGraph.DomainNode, DomainGraph.DomainNode]
  return { a: nodeA, b: nodeB, c: nodeC, health, registry, transitions }
})

export const opening = (count: number, wave = 0) => ({ tick: tick(count), wave })
export const open = (node: DomainGraph.DomainNode, count = 1, wave = 0): Transition => ({
  node,
  trigger: Trigger.GateOpened({ opening: opening(count, wave) }),
  reason: "tick"
})
export const activated = (node: DomainGraph.DomainNode): Transition => ({
  node,
  trigger: Trigger.Activated(),
  reason: "activated",
  durationMs: 5
})
export const failed = (node: DomainGraph.DomainNode, cause = "boom"): Transition => ({
  node,
  trigger: Trigger.Failed({ cause }),
  reason: "failure"
})
export const lost = (node: DomainGraph.DomainNode): Transition => ({
  node,
  trigger: Trigger.DependencyLost(),
  reason: "dependency"
})
export const closed = (node: DomainGraph.DomainNode): Transition => ({
  node,
  trigger: Trigger.Closed({ gate: undefined }),
  reason: "dependency"
})
