/**
 * The six domains that `thunderline start` runs without an app. Use all of them, or single ones in an application of
 * your own.
 *
 * @example
 * ```ts
 * import { Thunderline } from "thunderline"
 * import { domainsWith } from "thunderline/domains"
 *
 * const Main = Thunderline.layer({ domains: domainsWith({ policy: { mode: "act" } }) })
 * ```
 */
import { CerebrosDomain } from "./cerebros/CerebrosDomain.ts"
import { Thunderbolt } from "./thunderbolt/Thunderbolt.ts"
import type * as Policy from "./thundercrown/Policy.ts"
import { make as makeThundercrown, Thundercrown } from "./thundercrown/Thundercrown.ts"
import { Thunderflow } from "./thunderflow/Thunderflow.ts"
import { Thundergate } from "./thundergate/Thundergate.ts"
import { Thundergrid } from "./thundergrid/Thundergrid.ts"

/** The six domains of the shipped app, with the policy as a dry run. */
export const domains = [Thunderflow, Thundergate, Thunderbolt, CerebrosDomain, Thundercrown, Thundergrid] as const

/** The same with options for the policy, for example `{ mode: "act" }`. */
export const domainsWith = (options: { readonly policy: Policy.Options }) =>
  [
    Thunderflow,
    Thundergate,
    Thunderbolt,
    CerebrosDomain,
    makeThundercrown(options.policy),
    Thundergrid
  ] as const
