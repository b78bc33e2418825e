import { assert, describe, it } from "@effect/vitest"
import { displayWidth } from "effect/cli/CliOutput"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as BootChart from "../../../src/cli/text/BootChart.ts"
import * as BootSvg from "../../../src/cli/text/BootSvg.ts"
import * as Style from "../../../src/cli/text/Style.ts"
import { analyse } from "../../../src/insight/BootAnalysis.ts"
import * as Domain from "../../../src/model/Domain.ts"
import * as Simulation from "../../../src/testing/Simulation.ts"
import { acyclic, domainsOf, int, type Planned } from "../../support/arbitraries.ts"

const boot = Effect.fnUntraced(function*(plan: ReadonlyArray<Planned>) {
  const domains = domainsOf<Domain.Any>(
    plan,
    ({ activationTick, buildMs, name }, dependsOn, after) =>
      Domain.make(name, { dependsOn, after, activationTick, layer: Layer.effectDiscard(Effect.sleep(buildMs)) })
  )
  const { events } = yield* Simulation.run({ domains, ticks: 120 })
  return Option.getOrThrow(analyse(events))
})

// oxlint-disable-next-line no-control-regex
const withoutColours = (text: string) => text.replaceAll(/\u001b\[\d+m/g, "")

const plain = { after: [], activationTick: 1, position: 0 }

describe("BootChart", () => {
  it.effect.prop(
    "has a line for each domain, shows its own work, and keeps within its width",
    [acyclic, int(40, 200)],
    Effect.fnUntraced(function*([plan, width]) {
      const analysis = yield* boot(plan)
      const text = BootChart.render(analysis, { width })
      assert.isTrue(text.split("\n").every((line) => displayWidth(line) <= width), text)
      const [drawing] = text.split("\n\n")
      const rows = drawing!.split("\n").filter((line) => line.startsWith("  d"))
      assert.strictEqual(rows.length, plan.length)
      assert.isTrue(rows.every((line) => line.includes("█")))
      assert.strictEqual(withoutColours(BootChart.render(analysis, { width, style: Style.coloured })), text)
    }),
    { arbitrary: { runs: 60 } }
  )

  it.effect("draws waves in order, to scale", () =>
    Effect.gen(function*() {
      const analysis = yield* boot([
        { ...plain, name: "first", dependsOn: [], buildMs: 500 },
        { ...plain, name: "second", dependsOn: [0], buildMs: 500 }
      ])
      assert.deepStrictEqual(BootChart.render(analysis, { width: 57 }).split("\n"), [
        "         0ms                               2000ms",
        "tick 1, wave 0",
        "  first  ────────────────────██████████            1500ms",
        "tick 1, wave 1",
        "  second ────────────────────░░░░░░░░░░██████████  2000ms",
        "",
        "  ─ waiting for its tick   ░ waiting for a dependency",
        "  █ own work"
      ])
    }))

  it.effect("is the same as SVG, well-formed", () =>
    Effect.gen(function*() {
      const analysis = yield* boot([
        { ...plain, name: "first", dependsOn: [], buildMs: 500 },
        { ...plain, name: "second", dependsOn: [0], buildMs: 0 }
      ])
      const svg = BootSvg.render(analysis)
      const open = Array.from(svg.matchAll(/<(\w+)[^>]*(?<!\/)>/g), ([_, tag]) => tag!).sort()
      const closed = Array.from(svg.matchAll(/<\/(\w+)>/g), ([_, tag]) => tag!).sort()
      assert.deepStrictEqual(open, closed)
      for (const title of ["first: own work 500ms", "second: waiting for a dependency 500ms", "second: own work 0ms"]) {
        assert.include(svg, `<title>${title}</title>`)
      }
      assert.notInclude(svg, "NaN")
    }))
})
