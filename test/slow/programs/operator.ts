/**
 * A program that requires its trail, under load: domains that crash and come back all the time, and operators who
 * restart others. Prints each operation that has returned, as `{ event: "acknowledged", runId, domain, count }`: the domain's
 * operations of this run so far.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { writeSync } from "node:fs"
import * as Domain from "../../../src/model/Domain.ts"
import { DomainControl } from "../../../src/model/DomainControl.ts"
import * as Postgres from "../../../src/postgres/Postgres.ts"
import * as Thunderline from "../../../src/Thunderline.ts"
import { CurrentRun } from "../../../src/trail/CurrentRun.ts"

const say = (message: object) => writeSync(1, `${JSON.stringify(message)}\n`)

const restless = Array.from({ length: 3 }, (_, i) =>
  Domain.make(`restless-${i}`, {
    layer: Layer.empty,
    workers: { dying: Effect.delay(Effect.fail("again"), "10 millis") },
    restart: Domain.restart({ schedule: Schedule.spaced("5 millis"), limit: 1_000_000 })
  }))
const operated = Array.from({ length: 4 }, (_, i) => Domain.make(`operated-${i}`, { layer: Layer.empty }))

const operate = Effect.fnUntraced(function*(domain: string) {
  const control = yield* DomainControl
  const { runId } = yield* CurrentRun
  let count = 0
  const operation = Effect.andThen(
    control.restart(domain),
    Effect.sync(() => say({ event: "acknowledged", runId, domain, count: ++count }))
  )
  // Refused while it is on its way.
  return yield* Effect.forever(Effect.catchTag(operation, "OperationRefused", () => Effect.yieldNow))
})

const main = Thunderline.layer({
  domains: [...restless, ...operated],
  waitForTick: false,
  trail: "required",
  repo: Postgres.layer({ url: Redacted.make(process.argv[2]!) })
}).pipe(Layer.provide(Logger.layer([])))

await Effect.runPromise(
  Effect.forEach(operated, ({ name }) => operate(name), { concurrency: "unbounded" }).pipe(Effect.provide(main))
)
