import { it } from "@effect/vitest"
import { runModel } from "../behaviour/randomApplication.ts"

it.live(
  "4,000 random graphs, policies, faults and operations break no law and take every edge at least 50 times",
  () => runModel(4_000, 50),
  300_000
)
