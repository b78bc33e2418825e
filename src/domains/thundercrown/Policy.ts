/**
 * Rules over all domains, evaluated at every tick: restart, deactivate or alert. After a decision about a domain none
 * follows for `coolDown` ticks. Use it with rules of your own. The supervisor restarts crashed domains without it.
 *
 * @example
 * ```ts
 * import { Domain } from "thunderline"
 * import { CerebrosDomain, Policy, PolicyRule, Thundergate } from "thunderline/domains"
 *
 * const crown = Domain.make("crown", {
 *   dependsOn: [CerebrosDomain, Thundergate],
 *   layer: Policy.layerWith({ mode: "act", rules: [PolicyRule.whenSlow("restart", { factor: 10 })] }),
 *   onTick: (tick) => Policy.Policy.use((policy) => policy.evaluate(tick.count))
 * })
 * ```
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { DomainRegistry, type DomainView } from "../../heartbeat/DomainRegistry.ts"
import type { Caller } from "../../model/Admission.ts"
import { DomainControl } from "../../model/DomainControl.ts"
import type { StatusName } from "../../model/DomainStatus.ts"
import { Cerebros } from "../cerebros/Cerebros.ts"
import { Gate } from "../thundergate/Gate.ts"
import { Action, defaultRules, type PolicyRule } from "./PolicyRule.ts"

/** `act` carries decisions out; `dry-run` only reports them. */
export const Mode = Schema.Literals(["dry-run", "act"])
export type Mode = typeof Mode.Type

/**
 * A decision about a domain. `done`: carried out (the operation was accepted; an alert needs no operation). `dry-run`: not
 * carried out because of the mode. `forbidden`: the gate does not allow it. `refused`: the domain refused the operation.
 */
export const Decision = Schema.Struct({
  sequence: Schema.Natural,
  tick: Schema.Natural,
  domain: Schema.String,
  rule: Schema.String,
  action: Action,
  outcome: Schema.Literals(["done", "dry-run", "forbidden", "refused"]),
  detail: Schema.NullOr(Schema.String)
})
export interface Decision extends Schema.Schema.Type<typeof Decision> {}

/** Decides by rules what to do about domains that are slow, crashed or stuck. */
export class Policy extends Context.Service<Policy, {
  readonly mode: Mode
  /** Looks at every domain; the first rule that matches decides, unless the domain is still cooling down. */
  readonly evaluate: (tick: number) => Effect.Effect<void>
  /** Every decision from now on; a slow reader loses the oldest, and the numbers show it. */
  readonly decisions: Stream.Stream<Decision>
  /** The newest decisions, oldest first, at most 100. */
  readonly recent: Effect.Effect<ReadonlyArray<Decision>>
}>()("thunderline/domains/Policy") {}

/** How a policy is set. `coolDown`: for how many ticks no other decision about the domain follows, whatever its outcome. */
export interface Options {
  readonly mode?: Mode | undefined
  readonly rules?: ReadonlyArray<PolicyRule> | undefined
  readonly coolDown?: number | undefined
}

/** The caller that the policy is at the gate. */
export const caller: Caller = { name: "thundercrown", roles: ["policy"] }

/** `mode` is `dry-run`, `rules` are {@link defaultRules}, `coolDown` is 60 ticks, unless set otherwise. */
export const make = Effect.fnUntraced(function*(options?: Options) {
  const mode = options?.mode ?? "dry-run"
  const rules = options?.rules ?? defaultRules
  const coolDown = options?.coolDown ?? 60
  const cerebros = yield* Cerebros
  const gate = yield* Gate
  const registry = yield* DomainRegistry
  const control = yield* DomainControl
  const decisions = yield* Effect.acquireRelease(PubSub.sliding<Decision>(256), PubSub.shutdown)
  const recent: Array<Decision> = []
  const coolUntil = new Map<string, number>()
  const seen = new Map<string, { readonly status: StatusName; readonly since: number }>()
  let sequence = 0

  const statusTicks = (domain: DomainView, tick: number) => {
    const status = domain.status._tag
    const before = seen.get(domain.name)
    if (before?.status === status) return tick - before.since
    seen.set(domain.name, { status, since: tick })
    return 0
  }

  const carryOut = Effect.fnUntraced(function*(domain: string, action: Action) {
    if (action !== "alert") yield* gate.authorize(caller, `domain.${action}`)
    if (mode === "dry-run") return "dry-run" as const
    if (action !== "alert") yield* control[action](domain)
    return "done" as const
  })

  const decide = Effect.fnUntraced(function*(tick: number, domain: string, { action, name: rule }: PolicyRule) {
    coolUntil.set(domain, tick + coolDown)
    const { detail, outcome } = yield* Effect.match(carryOut(domain, action), {
      onSuccess: (outcome) => ({ outcome, detail: null }),
      onFailure: (error) => ({
        outcome: error._tag === "Forbidden" ? "forbidden" as const : "refused" as const,
        detail: error.message
      })
    })
    const decision: Decision = { sequence: ++sequence, tick, domain, rule, action, outcome, detail }
    recent.push(decision)
    if (recent.length > 100) recent.shift()
    yield* PubSub.publish(decisions, decision)
    yield* Effect.logWarning(`[Thundercrown] ${action} ${domain}: ${outcome}`).pipe(
      Effect.annotateLogs({ "event.name": "thunderline.policy.decision", ...decision })
    )
  })

  return Policy.of({
    mode,
    evaluate: Effect.fnUntraced(function*(tick) {
      const anomalies = new Map((yield* cerebros.anomalies).map((anomaly) => [anomaly.domain, anomaly]))
      for (const domain of yield* registry.snapshot) {
        const anomaly = Option.fromUndefinedOr(anomalies.get(domain.name))
        const situation = { tick, domain, anomaly, statusTicks: statusTicks(domain, tick) }
        if (tick < (coolUntil.get(domain.name) ?? 0)) continue
        const rule = rules.find((rule) => rule.matches(situation))
        if (rule !== undefined) yield* decide(tick, domain.name, rule)
      }
    }),
    decisions: Stream.fromPubSub(decisions),
    recent: Effect.sync(() => [...recent])
  })
})

/** {@link make} as a layer. */
export const layerWith = (
  options: Options
): Layer.Layer<Policy, never, Cerebros | Gate | DomainRegistry | DomainControl> => Layer.effect(Policy, make(options))

/** The same with its defaults. */
export const layer: Layer.Layer<Policy, never, Cerebros | Gate | DomainRegistry | DomainControl> = layerWith({})
