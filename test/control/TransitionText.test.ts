import { describe, expect, it } from "@effect/vitest"
import * as TransitionText from "../../src/control/TransitionText.ts"
import { event } from "../support/values.ts"

const reason = (fields: Parameters<typeof event>[1]) => TransitionText.reason(event(1, fields))

describe("why a domain made a transition", () => {
  it("names who or what was behind it", () => {
    expect(reason({ reason: "tick" })).toBe("tick")
    expect(reason({ reason: "dependency", metadata: { dependency: "a" } })).toBe("dependency a left active")
    expect(reason({ reason: "dependency", metadata: { awaits: ["a"] } })).toBe("dependency")
    expect(reason({ reason: "failure", metadata: { worker: "drain" } })).toBe("failure of worker drain")
    expect(reason({ reason: "failure", metadata: { worker: "a\u001b[31mb\nc" } })).toBe("failure of worker ab c")
  })

  it("tells a restart's attempt, and its delay while that passes", () => {
    const metadata = { attempt: 2, delayMs: 890 }
    expect(reason({ to: "restarting", reason: "backoff", metadata })).toBe("backoff, attempt 2 in 890ms")
    expect(reason({ to: "activating", reason: "backoff", metadata })).toBe("backoff, attempt 2")
  })

  it("tells how long the domain's own work took, and the first line of the cause", () => {
    expect(TransitionText.describe(event(1, { durationMs: 340 }))).toBe("activated in 340ms")
    expect(TransitionText.describe(event(1, { to: "crashed", reason: "timeout", cause: "Late\n  at x" })))
      .toBe("timeout in 1.0ms: Late")
  })
})
