import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import { TickStats } from "../../heartbeat/TickGenerator.ts"
import * as App from "../../model/App.ts"
import { DomainEvent } from "../../model/DomainEvent.ts"
import * as AppModule from "../flags/AppModule.ts"
import * as Interval from "../flags/Interval.ts"
import * as ScriptFile from "../flags/ScriptFile.ts"
import * as Output from "../text/Output.ts"
import * as Progress from "../text/Progress.ts"
import * as Timeline from "../text/Timeline.ts"

const app = Argument.String("app").pipe(
  Argument.withDescription("A module that exports `domains`; without it, the domains that come with Thunderline"),
  Argument.optional
)

const seed = Flag.String("seed").pipe(
  Flag.withDefault("1"),
  Flag.withMetavar("text"),
  Flag.withDescription("The same seed gives the same run (default 1)")
)

const faults = Flag.String("faults").pipe(
  Flag.optional,
  Flag.withMetavar("file"),
  Flag.withDescription(
    "A JSON file with what goes wrong and what an operator does: {\"faults\": [...], \"operations\": [...]}"
  )
)

const ticks = Flag.String("ticks").pipe(
  Flag.filterMap(
    (text) =>
      /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 100_000 ? Option.some(Number(text)) : Option.none(),
    () => "a whole number from 1 to 100000"
  ),
  Flag.withDefault(10),
  Flag.withMetavar("number"),
  Flag.withDescription("After how many ticks the app is shut down (default 10)")
)

const sixDomains = Effect.map(
  Effect.promise(() => import("../../domains/SixDomains.ts")),
  ({ domainsWith }) => App.make(domainsWith({ policy: { mode: "act" } }))
)

const SimulationReport = Schema.Struct({
  events: Schema.Array(DomainEvent),
  domains: Schema.Array(Timeline.DomainEnd),
  heartbeat: TickStats,
  refused: Schema.Array(Schema.Struct({ tick: Schema.Natural, message: Schema.String }))
})

const flags = { app, seed, faults, ticks, interval: Interval.flag, json: Output.json }

/** `thunderline simulate`: runs an app in virtual time, with faults, from start to shutdown. */
export const command = Command.make(
  "simulate",
  flags,
  Effect.fnUntraced(function*({ app, faults, interval, json, seed, ticks }) {
    const { domains, layer } = Option.isNone(app) ? yield* sixDomains : yield* AppModule.load(app.value)
    const names = domains.map(({ name }) => name)
    const script = Option.isNone(faults) ? undefined : yield* ScriptFile.read(faults.value, names)
    const Simulation = yield* Effect.promise(() => import("../../testing/Simulation.ts"))
    // The domains log nothing unless --log-level is given.
    const level = Option.getOrElse(yield* GlobalFlag.LogLevel, () => "None" as const)
    const report = yield* Effect.scoped(Effect.gen(function*() {
      // A bar would stand between the lines of a log.
      const onTick = level === "None" ? yield* Progress.bar("Simulating", ticks) : undefined
      return yield* Simulation.run({ domains, layer, script, ticks, interval, seed, onTick })
    })).pipe(Effect.provideService(References.MinimumLogLevel, level))
    const ends = report.domains.map(Timeline.endOf)
    yield* Output.print(
      json,
      SimulationReport,
      { ...report, domains: ends },
      (display) => Timeline.render(report, display)
    )
  })
).pipe(
  Command.withDescription(
    "Run an app in virtual time from start to shutdown, with faults, and print what happens"
  ),
  Command.withShortDescription("Run an app in virtual time, with faults"),
  Command.withExamples([
    { command: "thunderline simulate examples/minimal.ts" },
    {
      command: "thunderline simulate --faults examples/faults.json --ticks 60",
      description: "The domains that come with it"
    }
  ])
)
