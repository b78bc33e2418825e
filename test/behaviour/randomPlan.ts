import * as Schema from "effect/Schema"
import { failures, small as smallFailures } from "../support/hostile.ts"
import { combinations } from "./forkGrammar.ts"

export const revokedProxy = failures["a revoked proxy"]!

/** What can hardly be rendered, and is cheap to make. */
export const hostileValues = Object.values(smallFailures)

const index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 }))
const small = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** A domain by numbers: which earlier ones it depends on and comes after (as bits), and its policy. */
const DomainPlan = Schema.Struct({
  dependsOn: Schema.Literals([0, 1, 1, 2, 3, 5, 7, 31]),
  after: small(0, 63),
  activationTick: small(1, 3),
  onTick: Schema.Literals(["none", "quick", "slow"]),
  restart: Schema.Literals([
    "never",
    "quick",
    "quick",
    "patient",
    "patient",
    "patient",
    "generous",
    "generous",
    "dying",
    "hanging",
    "throwing"
  ]),
  buildMs: Schema.Literals([0, 0, 0, 400, 1500])
})

const FaultPlan = Schema.Struct({
  domain: index,
  kind: Schema.Literals([
    "FailActivation",
    "FailActivation",
    "SlowActivation",
    "HangActivation",
    "FailTick",
    "SlowTick",
    "HangTick",
    "HangTick",
    "KillWorker",
    "KillWorker",
    "KillScoped",
    "KillScoped",
    "Leak",
    "FailShutdown",
    "SlowShutdown",
    "SlowShutdown",
    "HangShutdown"
  ]),
  generation: small(1, 3),
  tick: small(1, 3),
  ms: Schema.Literals([0, 300, 700, 1300, 2600, 9000])
})

/** A fork of the grammar, by the build, a worker or the first tick of a generation. */
export const forkings = combinations.filter(({ from }) => from === "build" || from === "worker" || from === "onTick")
const ForkPlan = Schema.Struct({
  domain: index,
  generation: small(1, 3),
  combination: small(0, forkings.length - 1)
})

/** Users' code that fails with something that can hardly be rendered, or throws where an effect is due. */
const HostilePlan = Schema.Struct({
  domain: index,
  generation: small(1, 2),
  where: Schema.Literals(["build", "onTick", "worker", "fork", "onActivate", "onDeactivate"]),
  throws: Schema.Boolean,
  value: small(0, hostileValues.length - 1)
})
export type HostilePlan = typeof HostilePlan.Type

const OperationPlan = Schema.Struct({
  tick: small(1, 9),
  domain: index,
  operation: Schema.Literals(["restart", "restart", "deactivate", "activate"])
})

export const Plan = Schema.Struct({
  domains: Schema.Array(DomainPlan).check(Schema.isMinLength(3), Schema.isMaxLength(6)),
  faults: Schema.Array(FaultPlan).check(Schema.isMinLength(7), Schema.isMaxLength(14)),
  forks: Schema.Array(ForkPlan).check(Schema.isMinLength(2), Schema.isMaxLength(6)),
  hostile: Schema.Array(HostilePlan).check(Schema.isMaxLength(3)),
  operations: Schema.Array(OperationPlan).check(Schema.isMinLength(6), Schema.isMaxLength(14)),
  /** The tick at which an operator takes the first domain out and restarts all others; 0 for never. */
  storm: Schema.Literals([0, 2, 3, 3, 4, 5, 6]),
  ticks: Schema.Literals([3, 4, 12, 24, 45]),
  seed: small(0, 1_000_000)
})
export type Plan = typeof Plan.Type
