import { assert, describe, it } from "@effect/vitest"
import * as TransitionText from "../../src/control/TransitionText.ts"
import { event } from "../support/values.ts"

const reason = (fields: Parameters<typeof event>[1]) => TransitionText.reason(event(1, fields))

describe("why a domain made a transition", () => {
  it("names who or what was behind it", () => {
    assert.strictEqual(reason({ reason: "tick" }), "tick")
    assert.strictEqual(reason({ reason: "dependency", metadata: { dependency: "a" } }), "dependency a left active")
    assert.strictEqual(reason({ reason: "dependency", metadata: { awaits: ["a"] } }), "dependency")
    assert.strictEqual(reason({ reason: "failure", metadata: { worker: "drain" } }), "failure of worker drain")
    assert.strictEqual(reason({ reason: "failure", metadata: { worker: "a\u001b[31mb\nc" } }), "failure of worker ab c")
  })

  it("tells a restart's attempt, and its delay while that passes", () => {
    const metadata = { attempt: 2, delayMs: 890 }
    assert.strictEqual(reason({ to: "restarting", reason: "backoff", metadata }), "backoff, attempt 2 in 890ms")
    assert.strictEqual(reason({ to: "activating", reason: "backoff", metadata }), "backoff, attempt 2")
  })

  it("tells how long the domain's own work took, and the first line of the cause", () => {
    assert.strictEqual(TransitionText.describe(event(1, { durationMs: 340 })), "activated in 340ms")
    assert.strictEqual(
      TransitionText.describe(event(1, { to: "crashed", reason: "timeout", cause: "Late\n  at x" })),
      "timeout in 1.0ms: Late"
    )
  })
})
