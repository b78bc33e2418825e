import { assert, describe, it } from "@effect/vitest"
import * as EventLog from "../../src/testing/EventLog.ts"
import { event } from "../support/values.ts"

const events = [
  event(1, { domain: "a", from: "waiting", to: "activating" }),
  event(2, { domain: "b", from: "active", to: "deactivating" }),
  event(3, { domain: "a", from: "activating", to: "crashed" })
]

describe("EventLog", () => {
  it("writes transitions as transitions, all or those of some domains", () => {
    assert.deepStrictEqual(EventLog.transitions(events), [
      "a: waiting -> activating",
      "b: active -> deactivating",
      "a: activating -> crashed"
    ])
    assert.deepStrictEqual(EventLog.transitions(events, "b"), ["b: active -> deactivating"])
  })

  it("finds transitions in order, with others between them, and gives them back", () => {
    const found = EventLog.expectInOrder(events, "a: waiting -> *", "*: * -> crashed")
    assert.deepStrictEqual(found.map(({ tick }) => tick), [1, 3])
    assert.deepStrictEqual(EventLog.expectInOrder(events), [])
  })

  it("names the first transition that is missing, the one before it, and the log", () => {
    assert.throws(
      () => EventLog.expectInOrder(events, "a: * -> crashed", "b: active -> *"),
      /^There is no "b: active -> \*" after "a: \* -> crashed" in:\n {2}a: waiting -> activating\n/
    )
    assert.throws(
      () => EventLog.expectInOrder(events, "a: * -> *", "a: * -> *", "a: * -> *"),
      EventLog.TransitionMissing
    )
    assert.throws(() => EventLog.expectInOrder(events, "c: * -> *"), /^There is no "c: \* -> \*" in:/)
  })

  it("names a transition that must not be there, and its tick", () => {
    EventLog.expectNone(events, "b: * -> crashed", "a: active -> *")
    assert.throws(
      () => EventLog.expectNone(events, "b: * -> crashed", "*: * -> crashed"),
      /^"\*: \* -> crashed" was not expected, but at tick 3 there is "a: activating -> crashed" in:/
    )
  })
})
