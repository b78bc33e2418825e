import { it } from "@effect/vitest"
import { runModel } from "./randomApplication.ts"

// The slow suite runs twice as many, and looks for planted bugs.
it.live(
  "2,000 random graphs, policies, faults and operations break no law and take every edge at least 20 times",
  () => runModel(2_000, 20),
  300_000
)
