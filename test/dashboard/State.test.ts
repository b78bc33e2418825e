import { assert, describe, expect, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as State from "../../dashboard/src/State.ts"
import { StatusName } from "../../src/model/DomainStatus.ts"
import { int } from "../support/arbitraries.ts"
import { at, domain, event, now } from "../support/domains.ts"

const hello = { runId: "run", node: "node", app: "app", version: "1", tick: 0 }

const begun = (...names: ReadonlyArray<string>) =>
  State.listed(State.greeted(State.initial, hello), names.map((name) => domain(name, { status: "waiting" })))

const transitions = Arbitrary.array(
  Arbitrary.all({ domain: int(0, 2), to: int(0, StatusName.literals.length - 1) }),
  { maxLength: 30 }
).pipe(
  Arbitrary.map((all) =>
    all.map(({ domain, to }, n) => event(n, { domain: `d${domain}`, to: StatusName.literals[to]! }))
  )
)

describe("what the page knows", () => {
  it.effect.prop(
    "is the same however often and in whatever pieces the transitions come",
    { transitions, cut: int(0, 30), again: int(0, 10) },
    ({ again, cut, transitions }) =>
      Effect.sync(() => {
        const start = begun("d0", "d1", "d2")
        const whole = State.happened(start, transitions, 0)
        const pieces = State.happened(
          State.happened(start, transitions.slice(0, cut), 0),
          transitions.slice(Math.max(0, cut - again)),
          0
        )
        assert.deepStrictEqual(pieces, whole)
        for (const { name, status } of whole.domains) {
          assert.strictEqual(status, transitions.findLast((event) => event.domain === name)?.to ?? "waiting")
        }
        assert.deepStrictEqual(whole.events.map(({ id }) => id), transitions.map(({ id }) => id).toReversed())
      })
  )

  it("tells the restart that is due from the transitions alone", () => {
    const crashed = event(1, { to: "crashed", cause: "Error: no" })
    const scheduled = event(2, { to: "restarting", metadata: { attempt: 3, delayMs: 500 } })
    const [store] = State.happened(begun("store"), [crashed, scheduled], 0).domains
    expect(store).toMatchObject({ status: "restarting", cause: "Error: no", restart: { attempt: 3, at: at(502) } })
  })

  it("does not let a late transition undo what the list has told since", () => {
    const listed = State.listed(begun("store"), [domain("store", { since: at(10) })])
    expect(State.happened(listed, [event(5, { to: "crashed" })], 0).domains[0]!.status).toBe("active")
  })

  it("keeps the object of a domain that has not changed", () => {
    const state = begun("a", "b")
    expect(State.listed(state, [domain("a", { status: "waiting" }), domain("b", { status: "waiting" })])).toBe(state)
    const next = State.listed(state, [domain("a", { status: "waiting" }), domain("b")])
    expect(next.domains[0]).toBe(state.domains[0])
    expect(next.domains[1]).not.toBe(state.domains[1])
  })

  it("forgets everything of a run when another answers", () => {
    const state = State.happened(begun("store"), [event(1)], 0)
    const next = State.greeted(state, { ...hello, runId: "another" })
    expect(next).toMatchObject({ domains: [], events: [], lateness: [], run: { runId: "another" } })
    expect(next.activations.size).toBe(0)
    expect(State.greeted(state, hello).events).toBe(state.events)
  })

  it("keeps only the first activation of each domain, with the tick that opened it", () => {
    const state = State.happened(begun("store"), [
      event(1, { from: "waiting", to: "activating", tick: 1 }),
      event(40, { tick: 3, wave: 2, durationMs: 30 }),
      event(50, { to: "crashed" }),
      event(60, { generation: 2, durationMs: 1 })
    ], 0)
    expect([...state.activations.values()]).toEqual([
      { domain: "store", tick: 1, wave: 2, startedAt: now(10), endedAt: now(40), workMs: 30 }
    ])
  })

  it("holds at most 2,000 transitions, and knows where the trail goes on behind them", () => {
    const all = Array.from({ length: 2500 }, (_, n) => event(n))
    const state = State.happened(begun("store"), all, 0)
    expect(state.events.length).toBe(2000)
    expect(state.events.at(-1)!.id).toBe(all[500]!.id)
    expect(state.older).toBe(`n${all[500]!.id.replaceAll("-", "")}`)
  })

  it("keeps what came live when the newest page of the trail is older than that", () => {
    const live = State.happened(begun("store"), [event(8), event(9)], 0)
    const state = State.paged(live, [event(7), event(6)], null)
    expect(state.events.map(({ id }) => id)).toEqual([9, 8, 7, 6].map((n) => event(n).id))
  })
})
