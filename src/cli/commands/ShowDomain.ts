import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as DomainStory from "../../insight/DomainStory.ts"
import * as EventFilter from "../flags/EventFilter.ts"
import * as Output from "../text/Output.ts"
import * as StoryText from "../text/StoryText.ts"
import * as TrailReading from "../TrailReading.ts"

const name = Argument.String("name").pipe(Argument.withDescription("The domain"))

const full = Flag.Boolean("full").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Show whole causes, not only their first lines")
)

const flags = {
  name,
  place: TrailReading.flags,
  run: EventFilter.run,
  limit: EventFilter.limit(100),
  full,
  json: Output.json
}

/** `thunderline domain NAME`: one domain's crashes, restarts and transitions. */
export const command = Command.make(
  "domain",
  flags,
  Effect.fnUntraced(function*({ full, json, limit, name, place, run }) {
    const story = yield* TrailReading.read(
      place,
      Effect.flatMap(EventFilter.runIdOf(run), (runId) => DomainStory.read(name, { runId, limit }))
    )
    yield* Output.print(
      json,
      DomainStory.DomainStory,
      story,
      (display) => StoryText.render(story, { ...display, causes: full ? "full" : "short" })
    )
  })
).pipe(
  Command.withDescription("Show one domain: where it stands, its crashes and restarts, what took it down"),
  Command.withShortDescription("Show one domain: its crashes, restarts, transitions"),
  Command.withExamples([
    { command: "thunderline domain thunderbolt" },
    { command: "thunderline domain thunderbolt --run latest --full", description: "With whole causes" }
  ])
)
