/**
 * A rule of a `Policy`: when it matches, and what it then decides. Use `whenSlow` and `whenStatus`, or write your own. The
 * first rule that matches a domain decides.
 *
 * @example
 * ```ts
 * import { PolicyRule } from "thunderline/domains"
 *
 * const rules = [
 *   PolicyRule.whenSlow("restart"),
 *   PolicyRule.whenStatus("waiting", "alert", { forTicks: 60 })
 * ]
 * ```
 */
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { DomainView } from "../../heartbeat/DomainRegistry.ts"
import type { StatusName } from "../../model/DomainStatus.ts"
import type { Anomaly } from "../cerebros/Cerebros.ts"

/** What a rule can ask for: an operation, or only an alert. */
export const Action = Schema.Literals(["restart", "deactivate", "alert"])
export type Action = typeof Action.Type

/** What is known of one domain at a tick. `statusTicks`: for how many ticks it has been in its state. */
export interface Situation {
  readonly tick: number
  readonly domain: DomainView
  readonly statusTicks: number
  readonly anomaly: Option.Option<Anomaly>
}

/** A rule: when it matches, its action is decided. The decision carries its name. */
export interface PolicyRule {
  readonly name: string
  readonly action: Action
  readonly matches: (situation: Situation) => boolean
}

/** Matches an active domain that Cerebros finds slow, by `factor` or more (default: as soon as it is found slow). */
export const whenSlow = (action: Action, options?: { readonly factor?: number | undefined }): PolicyRule => ({
  name: `slow: ${action}`,
  action,
  matches: ({ anomaly, domain }) =>
    domain.status._tag === "active" && anomaly._tag === "Some" &&
    anomaly.value.generation === domain.generation &&
    anomaly.value.observedMs >= (options?.factor ?? 0) * anomaly.value.expectedMs
})

/** Matches a domain that has been in a state for `forTicks` ticks or more (default 1). */
export const whenStatus = (
  status: StatusName,
  action: Action,
  options?: { readonly forTicks?: number | undefined }
): PolicyRule => ({
  name: `${status}: ${action}`,
  action,
  matches: ({ domain, statusTicks }) => domain.status._tag === status && statusTicks >= (options?.forTicks ?? 1)
})

/** Restart a slow domain; alert for one that is crashed for good or has been waiting for 30 ticks. */
export const defaultRules: ReadonlyArray<PolicyRule> = [
  whenSlow("restart"),
  whenStatus("crashed", "alert"),
  whenStatus("waiting", "alert", { forTicks: 30 })
]
