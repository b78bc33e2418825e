import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { DomainStatus, IllegalTransition, StatusName, transition, Trigger } from "../../src/model/DomainStatus.ts"
import { int } from "../support/arbitraries.ts"
import { tick } from "../support/values.ts"

const opening = { tick: tick(3), wave: 2 }
const later = { tick: tick(9), wave: 0 }
const backoff = { attempt: 2, delay: Duration.millis(400), at: 1_400 }

const statuses = {
  waiting: DomainStatus.waiting(),
  activating: DomainStatus.activating({ opening }),
  active: DomainStatus.active({ opening }),
  "deactivating to waiting": DomainStatus.deactivating({ target: "waiting", reason: "dependency" }),
  "deactivating to inactive": DomainStatus.deactivating({ target: "inactive", reason: "operator" }),
  "deactivating to activating": DomainStatus.deactivating({ target: "activating", reason: "operator" }),
  inactive: DomainStatus.inactive(),
  crashed: DomainStatus.crashed({ cause: "boom" }),
  restarting: DomainStatus.restarting({ ...backoff, cause: "boom" })
} as const
type From = keyof typeof statuses

const triggers = {
  GateOpened: Trigger.GateOpened({ opening: later }),
  Activated: Trigger.Activated(),
  Failed: Trigger.Failed({ cause: "bang" }),
  RestartScheduled: Trigger.RestartScheduled(backoff),
  "BackoffElapsed, gate open": Trigger.BackoffElapsed({ gate: later }),
  "BackoffElapsed, gate shut": Trigger.BackoffElapsed({ gate: undefined }),
  DependencyLost: Trigger.DependencyLost(),
  Activate: Trigger.Activate(),
  Deactivate: Trigger.Deactivate(),
  "Restart, gate open": Trigger.Restart({ gate: later }),
  "Restart, gate shut": Trigger.Restart({ gate: undefined }),
  Shutdown: Trigger.Shutdown(),
  "Closed, gate open": Trigger.Closed({ gate: later }),
  "Closed, gate shut": Trigger.Closed({ gate: undefined })
} as const
type When = keyof typeof triggers

const waiting = DomainStatus.waiting()
const inactive = DomainStatus.inactive()
const started = DomainStatus.activating({ opening: later })
const crashed = DomainStatus.crashed({ cause: "bang" })
const toWaiting = DomainStatus.deactivating({ target: "waiting", reason: "dependency" })
const toInactive = DomainStatus.deactivating({ target: "inactive", reason: "operator" })
const toShutdown = DomainStatus.deactivating({ target: "inactive", reason: "shutdown" })
const toActivating = DomainStatus.deactivating({ target: "activating", reason: "operator" })

/** Every transition there is; what is not here is illegal. */
const table: { readonly [F in From]: { readonly [W in When]?: DomainStatus } } = {
  waiting: { GateOpened: started, Deactivate: inactive, Shutdown: inactive },
  activating: {
    Activated: DomainStatus.active({ opening }),
    Failed: crashed,
    DependencyLost: toWaiting,
    Deactivate: toInactive,
    Shutdown: toShutdown
  },
  active: {
    Failed: crashed,
    DependencyLost: toWaiting,
    Deactivate: toInactive,
    "Restart, gate open": toActivating,
    "Restart, gate shut": toActivating,
    Shutdown: toShutdown
  },
  "deactivating to waiting": {
    Deactivate: toInactive,
    Shutdown: toShutdown,
    "Closed, gate open": waiting,
    "Closed, gate shut": waiting
  },
  "deactivating to inactive": { "Closed, gate open": inactive, "Closed, gate shut": inactive },
  "deactivating to activating": {
    Deactivate: toInactive,
    Shutdown: toShutdown,
    "Closed, gate open": started,
    "Closed, gate shut": waiting
  },
  inactive: { Activate: waiting },
  crashed: {
    RestartScheduled: DomainStatus.restarting({ ...backoff, cause: "boom" }),
    "Restart, gate open": started,
    "Restart, gate shut": waiting,
    Deactivate: inactive
  },
  restarting: {
    "BackoffElapsed, gate open": started,
    "BackoffElapsed, gate shut": waiting,
    "Restart, gate open": started,
    "Restart, gate shut": waiting,
    Deactivate: inactive,
    Shutdown: inactive
  }
}

const froms = Object.keys(statuses) as ReadonlyArray<From>
const whens = Object.keys(triggers) as ReadonlyArray<When>
const pairs = froms.flatMap((from) => whens.map((when) => ({ from, when, to: table[from][when] })))

/** Which state may follow which, whatever the trigger: the same table by names alone. */
const follows: { readonly [S in StatusName]: ReadonlyArray<StatusName> } = {
  waiting: ["activating", "inactive"],
  activating: ["active", "crashed", "deactivating"],
  active: ["crashed", "deactivating"],
  deactivating: ["deactivating", "waiting", "activating", "inactive"],
  inactive: ["waiting"],
  crashed: ["restarting", "activating", "waiting", "inactive"],
  restarting: ["activating", "waiting", "inactive"]
}

const step = (status: DomainStatus, trigger: Trigger) => Result.getOrElse(transition(status, trigger), () => status)

describe("DomainStatus", () => {
  it.each(pairs.filter((pair) => pair.to !== undefined))("$from, on $when, becomes $to._tag", ({ from, to, when }) => {
    assert.deepStrictEqual(transition(statuses[from], triggers[when]), Result.succeed(to!))
  })

  it.each(pairs.filter((pair) => pair.to === undefined))("$from does not take $when", ({ from, when }) => {
    const result = transition(statuses[from], triggers[when])
    assert.isTrue(Result.isFailure(result))
    if (!Result.isFailure(result)) return
    assert.instanceOf(result.failure, IllegalTransition)
    const state = statuses[from]._tag
    assert.strictEqual(result.failure.message, `A domain that is ${state} does not take ${triggers[when]._tag}`)
    assert.deepInclude({ ...result.failure }, { from: state, trigger: triggers[when]._tag })
  })

  it("knows all pairs of a state and a trigger", () => {
    assert.lengthOf(pairs, 9 * 14)
    assert.deepStrictEqual(new Set(froms.map((from) => statuses[from]._tag)), new Set(StatusName.literals))
    assert.lengthOf(pairs.filter((pair) => pair.to !== undefined), 35)
  })

  it.prop(
    "whatever happens, in whatever order, only follows the table",
    { happenings: Arbitrary.array(int(0, whens.length - 1), { maxLength: 60 }) },
    ({ happenings }) => {
      let status: DomainStatus = DomainStatus.waiting()
      for (const index of happenings) {
        const trigger = triggers[whens[index]!]
        const to = transition(status, trigger)
        if (Result.isFailure(to)) {
          assert.strictEqual(to.failure.from, status._tag)
          continue
        }
        assert.include(follows[status._tag], to.success._tag)
        if (to.success._tag === "active") assert.isTrue(status._tag === "activating")
        if (to.success._tag === "active" && status._tag === "activating") {
          assert.strictEqual(to.success.opening, status.opening)
        }
        if (to.success._tag === "restarting" && status._tag === "crashed") {
          assert.strictEqual(to.success.cause, status.cause)
        }
        status = to.success
      }
    }
  )

  it.prop(
    "after a shutdown nothing but an operation brings a domain back",
    { before: Arbitrary.array(int(0, whens.length - 1), { maxLength: 30 }), after: Arbitrary.array(int(0, 13)) },
    ({ after, before }) => {
      let status = before.reduce(
        (status, i) => step(status, triggers[whens[i]!]),
        DomainStatus.waiting() as DomainStatus
      )
      status = step(status, Trigger.Shutdown())
      const byOperator = new Set(["Activate", "Restart", "RestartScheduled"])
      for (const trigger of after.map((i) => triggers[whens[i]!]).filter(({ _tag }) => !byOperator.has(_tag))) {
        status = step(status, trigger)
        assert.isTrue(["deactivating", "inactive", "crashed"].includes(status._tag), status._tag)
      }
    }
  )
})
