import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as DomainStory from "../../insight/DomainStory.ts"
import * as EventFilter from "../flags/EventFilter.ts"
import * as TrailSettings from "../flags/TrailSettings.ts"
import * as Output from "../text/Output.ts"
import * as StoryText from "../text/StoryText.ts"
import * as Style from "../text/Style.ts"
import * as Trail from "../Trail.ts"

const name = Argument.String("name").pipe(Argument.withDescription("The domain"))

const full = Flag.Boolean("full").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Show causes as a whole, not only their first lines")
)

const flags = {
  name,
  trail: TrailSettings.flags,
  run: EventFilter.run,
  limit: EventFilter.limit(100),
  full,
  json: Output.json
}

/** `thunderline domain NAME`: one domain's whole story. */
export const command = Command.make(
  "domain",
  flags,
  Effect.fnUntraced(function*({ full, json, limit, name, run, trail }) {
    const story = yield* Trail.read(
      trail,
      Effect.gen(function*() {
        const runId = Option.isNone(run) ? undefined : yield* EventFilter.runIdOf(run.value)
        return yield* DomainStory.read(name, { runId, limit })
      })
    )
    if (json) return yield* Output.printJson(DomainStory.DomainStory, story)
    const style = yield* Style.current
    const width = yield* Output.width
    yield* Console.log(StoryText.render(story, { style, width, causes: full ? "full" : "short" }))
  })
).pipe(
  Command.withDescription("Tell one domain's story: where it stands, its crashes and restarts, what took it down"),
  Command.withShortDescription("Tell one domain's story"),
  Command.withExamples([
    { command: "thunderline domain thunderbolt" },
    { command: "thunderline domain thunderbolt --run latest --full", description: "With whole causes" }
  ])
)
