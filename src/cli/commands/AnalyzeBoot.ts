import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as BootAnalysis from "../../insight/BootAnalysis.ts"
import * as RecordedBoot from "../../insight/RecordedBoot.ts"
import * as EventFilter from "../flags/EventFilter.ts"
import * as BootSvg from "../text/BootSvg.ts"
import * as BootText from "../text/BootText.ts"
import * as DurationText from "../text/DurationText.ts"
import * as Output from "../text/Output.ts"
import * as TrailReading from "../TrailReading.ts"

/** `--what-if` names a domain that was not active in that run. */
export class UnknownWhatIf extends Schema.TaggedError<UnknownWhatIf>()("UnknownWhatIf", {
  domain: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `--what-if: no domain "${this.domain}" became active in that run; there were: ${this.known.join(", ")}`
  }
}

const svg = Flag.String("svg").pipe(
  Flag.optional,
  Flag.withMetavar("file"),
  Flag.withDescription("Write the drawing also to this file, as SVG")
)

const whatIf = Flag.KeyValuePair("what-if").pipe(
  Flag.mapEffect((pairs) =>
    Effect.forEach(Object.entries(pairs), ([domain, text]) =>
      Option.match(DurationText.parse(text), {
        onNone: () =>
          new CliError.InvalidValue({
            option: "what-if",
            value: `${domain}=${text}`,
            expected: "a domain and a duration of its own work, such as cerebros=0ms or cerebros=1.5s",
            kind: "flag"
          }),
        onSome: (duration) => Effect.succeed([domain, Duration.toMillis(duration)] as const)
      })).pipe(Effect.map((entries): Readonly<Record<string, number>> => Object.fromEntries(entries)))
  ),
  Flag.optional,
  Flag.withMetavar("domain=duration"),
  Flag.withDescription("Predict the boot with another duration of this domain's own work; repeatable")
)

const BootReport = Schema.Struct({
  ...BootAnalysis.BootAnalysis.fields,
  blame: Schema.Array(Schema.String),
  predicted: Schema.optionalKey(BootAnalysis.BootAnalysis)
})

const flags = { place: TrailReading.flags, run: EventFilter.run, svg, whatIf, json: Output.json }

/** `thunderline analyze boot`: how the time of a start-up was spent. */
const boot = Command.make(
  "boot",
  flags,
  Effect.fnUntraced(function*({ json, place, run, svg, whatIf }) {
    const analysis = yield* TrailReading.read(place, Effect.flatMap(EventFilter.runIdOf(run), RecordedBoot.read))
    const known = analysis.domains.map(({ domain }) => domain)
    const changes = Option.getOrElse(whatIf, () => ({}))
    const unknown = Object.keys(changes).find((domain) => !known.includes(domain))
    if (unknown !== undefined) return yield* new UnknownWhatIf({ domain: unknown, known })
    const predicted = Option.isNone(whatIf) ? undefined : BootAnalysis.predict(analysis, changes)
    if (Option.isSome(svg)) {
      const drawing = BootSvg.render(predicted ?? analysis)
      yield* FileSystem.FileSystem.use((fs) => fs.writeFileString(svg.value, drawing))
    }
    const blame = BootAnalysis.blame(analysis).map(({ domain }) => domain)
    yield* Output.print(
      json,
      BootReport,
      { ...analysis, blame, ...(predicted === undefined ? {} : { predicted }) },
      (display) => BootText.render(analysis, { predicted, changes, ...display })
    )
  })
).pipe(
  Command.withDescription("Show how the time of a start-up was spent: blame, critical chain, a drawing"),
  Command.withExamples([
    { command: "thunderline analyze boot" },
    { command: "thunderline analyze boot --what-if cerebros=0ms", description: "Would a faster cerebros help?" },
    { command: "thunderline analyze boot --run latest --svg boot.svg" }
  ])
)

export const command = Command.make("analyze").pipe(
  Command.withDescription("Analyse the trail"),
  Command.withSubcommands([boot])
)
