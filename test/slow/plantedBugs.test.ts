import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { vi } from "vitest"
import type * as DomainGraph from "../../src/model/DomainGraph.ts"
import type * as FiberInternals from "../../src/supervision/FiberInternals.ts"
import type * as FiberSets from "../../src/supervision/FiberSets.ts"
import type * as Generation from "../../src/supervision/Generation.ts"
import type * as LayerScope from "../../src/supervision/LayerScope.ts"
import type * as RestartBudget from "../../src/supervision/RestartBudget.ts"
import type * as Shutdown from "../../src/supervision/Shutdown.ts"
import type * as TickReceiver from "../../src/supervision/TickReceiver.ts"

/** A bug: a module of which some exports are replaced, and how the model complains of it. */
interface Bug {
  readonly module: string
  readonly mutant: (real: any) => object
  readonly complaint: RegExp
}

const bug = <Module extends object>(
  module: string,
  complaint: RegExp,
  mutant: (real: Module) => Partial<Module>
): Bug => ({ module: `../../src/${module}`, mutant, complaint })

const bugs: Readonly<Record<string, Bug>> = {
  "dependants left active": bug<typeof DomainGraph>(
    "model/DomainGraph.ts",
    /is active and d\d is/,
    ({ make }) => ({
      make: (domains) => Effect.map(make(domains), (nodes) => nodes.map((node) => ({ ...node, dependants: [] })))
    })
  ),
  "budget never reset": bug<typeof RestartBudget>(
    "supervision/RestartBudget.ts",
    /attempt \d+, not/,
    ({ make }) => ({ make: (policy) => ({ ...make(policy), wasActive: () => {} }) })
  ),
  "tick answered twice": bug<typeof TickReceiver>(
    "supervision/TickReceiver.ts",
    /answered tick/,
    ({ make }) => ({
      make: (generation, options) => {
        const receiver = make(generation, options)
        return {
          ...receiver,
          deliver: (tick) => {
            receiver.deliver(tick)
            receiver.deliver(tick)
          }
        }
      }
    })
  ),
  "calls under way left to a closed generation": bug<typeof Generation>(
    "supervision/Generation.ts",
    /used an ended generation/,
    ({ Generation }) => {
      Generation.prototype.track = () => {}
      return {}
    }
  ),
  "restart after shutdown": bug<typeof Shutdown>(
    "supervision/Shutdown.ts",
    /after the shutdown began/,
    ({ shutdown }) => ({
      shutdown: Effect.fnUntraced(function*(state, command) {
        const others = state.domains.filter(({ phase }) => phase._tag !== "restarting")
        yield* shutdown({ ...state, domains: others }, command)
      })
    })
  ),
  "joins not seen": bug<typeof FiberInternals>(
    "supervision/FiberInternals.ts",
    /crashed by/,
    () => ({ takesExit: () => false, onLook: () => () => {} })
  ),
  "forks into the layer's scope not seen": bug<typeof LayerScope>(
    "supervision/LayerScope.ts",
    /survived/,
    () => ({ mark: () => {} })
  ),
  "sets not seen": bug<typeof FiberSets>(
    "supervision/FiberSets.ts",
    /survived|heard nothing of/,
    () => ({ onMake: () => {} })
  ),
  "every interruption taken for an order": bug<typeof FiberInternals>(
    "supervision/FiberInternals.ts",
    /survived|heard nothing of/,
    () => ({ askedToStop: () => true })
  )
}

describe("the model", () => {
  for (const [name, { complaint, module, mutant }] of Object.entries(bugs)) {
    it.live(`finds the bug planted: ${name}`, () =>
      Effect.gen(function*() {
        vi.resetModules()
        vi.doMock(module, async (importReal) => {
          const real = await importReal<object>()
          return { ...real, ...mutant(real) }
        })
        const planted = yield* Effect.promise(() => import("../behaviour/randomApplication.ts"))
        vi.doUnmock(module)
        const result = yield* planted.check(4000, () => {})
        assert.strictEqual(result._tag, "Falsified")
        if (result._tag !== "Falsified" || result.failure._tag !== "PropertyError") return
        console.log(`${name}: after ${result.runs} runs: ${result.failure.error}`)
        assert.match(String(result.failure.error), complaint)
      }), 120_000)
  }
})
