import { CerebrosDomain } from "./CerebrosDomain.ts"
import type * as Policy from "./Policy.ts"
import { Thunderbolt } from "./Thunderbolt.ts"
import { make as makeThundercrown, Thundercrown } from "./Thundercrown.ts"
import { Thunderflow } from "./Thunderflow.ts"
import { Thundergate } from "./Thundergate.ts"
import { Thundergrid } from "./Thundergrid.ts"

/** The six domains of the shipped app, with the policy as a dry run. */
export const domains = [Thunderflow, Thundergate, Thunderbolt, CerebrosDomain, Thundercrown, Thundergrid] as const

/** The same with the policy set as wanted, for example `{ mode: "act" }`. */
export const domainsWith = (options: { readonly policy: Policy.Options }) =>
  [
    Thunderflow,
    Thundergate,
    Thunderbolt,
    CerebrosDomain,
    makeThundercrown(options.policy),
    Thundergrid
  ] as const
