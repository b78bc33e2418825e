import { assert } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import * as Simulation from "../../src/testing/Simulation.ts"
import { type Lived, makeDomains, makeScript, nameOf } from "./randomDomains.ts"
import { checkEnd, checkEvents, checkForks, checkHeartbeat, edgeOf, edges, settles } from "./randomLaws.ts"
import { Plan } from "./randomPlan.ts"

/** The domains whose plan holds a fork that fails with something hostile. */
const hostileOf = (plan: Plan): ReadonlySet<string> =>
  new Set(plan.hostile.flatMap(({ domain, where }) => where === "fork" ? [nameOf(domain % plan.domains.length)] : []))

/** Fibers are numbered through the whole process. */
const logOf = (events: ReadonlyArray<DomainEvent>) => JSON.stringify(events).replaceAll(/#\d+/g, "#")

/** Lives a plan and says everything that broke a law, and which edges were taken. */
const live = Effect.fnUntraced(function*(plan: Plan, options?: { readonly twice?: boolean }) {
  const lived: Lived = { violations: [], forked: [] }
  const { violations } = lived
  const logged = new Set<string>()
  const logger = Logger.make(({ fiber, logLevel, message }) => {
    if (logLevel === "Fatal") violations.push(String(message))
    const annotations = fiber.getRef(References.CurrentLogAnnotations)
    if (annotations["event.name"] === "thunderline.domain.fiber_failed") logged.add(String(annotations["domain"]))
  })
  const simulate = (lived: Lived) =>
    Simulation.run({
      domains: makeDomains(plan, lived),
      script: makeScript(plan),
      ticks: plan.ticks,
      seed: plan.seed
    }).pipe(Effect.provide(Logger.layer([logger])))
  const report = yield* simulate(lived)
  violations.push(
    ...checkEvents(makeDomains(plan, { violations: [], forked: [] }), report.events),
    ...checkForks(lived.forked, report.events, logged, hostileOf(plan)),
    ...checkHeartbeat(plan, report),
    ...(settles(plan) ? checkEnd(report) : [])
  )
  if (options?.twice === true) {
    const again = yield* simulate({ violations, forked: [] })
    if (logOf(again.events) !== logOf(report.events)) violations.push("the same seed gave another event log")
  }
  return { violations, edges: report.events.map(edgeOf) }
})

/** Plans, as many as asked for, each lived and held against the laws; the seed to replay a failure is in the result. */
export const check = (runs: number, seen: (edge: string) => void) => {
  let run = 0
  return Arbitrary.checkEffect(
    Arbitrary.schema(Plan),
    Effect.fnUntraced(function*(plan) {
      const { edges, violations } = yield* live(plan, { twice: run++ % 10 === 0 })
      for (const edge of edges) seen(edge)
      if (violations.length > 0) return yield* Effect.fail(violations)
      return true
    }),
    { runs }
  )
}

/** Lives so many plans, none of which breaks a law and which together take every edge so often. */
export const runModel = Effect.fnUntraced(function*(runs: number, times: number) {
  const coverage = new Map<string, number>(edges.map((edge) => [edge, 0]))
  const result = yield* check(runs, (edge) => coverage.set(edge, (coverage.get(edge) ?? 0) + 1))
  assert.isUndefined(Arbitrary.formatCheckFailure(result))
  const taken = Array.from(coverage).sort((a, b) => a[1] - b[1])
  console.log(taken.map(([edge, count]) => `${String(count).padStart(7)}  ${edge}`).join("\n"))
  assert.deepStrictEqual(taken.filter(([, count]) => count < times), [])
})
