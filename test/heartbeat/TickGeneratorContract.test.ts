import { describe, it } from "@effect/vitest"
import * as TickGeneratorContract from "../../src/testing/TickGeneratorContract.ts"
import * as Thunderline from "../../src/Thunderline.ts"

const runner = { describe, it }

TickGeneratorContract.suite("A heartbeat by hand", Thunderline.layerTest({ domains: [] }), runner)
TickGeneratorContract.suite(
  "A heartbeat by the clock",
  Thunderline.layer({ domains: [], interval: "1 millis", firstTick: "immediate" }),
  runner
)
