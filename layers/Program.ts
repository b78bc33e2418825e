import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomUUID } from "node:crypto"
import * as NodeMetrics from "../src/adapters/NodeMetrics.ts"
import type { App } from "../src/cli/App.ts"
import * as ExitCode from "../src/cli/ExitCode.ts"
import { ProgramEscalated, type ProgramSettings } from "../src/cli/Program.ts"
import * as Repo from "../src/Repo.ts"
import * as Thunderline from "../src/Thunderline.ts"
import * as Database from "./Database.ts"
import * as Telemetry from "./Telemetry.ts"
import { databaseOptions } from "./Trail.ts"

/** What runs when `start` is given no app; it needs nothing from outside. */
const sixDomains: Effect.Effect<App> = Effect.map(
  Effect.promise(() => import("../src/domains/SixDomains.ts")),
  ({ domains }) => ({ domains, layer: Layer.empty })
)

/** A trail that has answered once: what `--audit required` asks for at the start. */
const answering = <E, R>(repo: Layer.Layer<Repo.Repo, E, R>) =>
  Layer.provideMerge(Layer.effectDiscard(Repo.Repo.use((repo) => repo.runs(1))), repo)

/** The program: Thunderline with the app's domains on the trail of choice, until it is interrupted or escalates. */
export const run = Effect.fnUntraced(function*(
  version: string,
  { audit, firstTick, interval, otlp, traceLevel, trail }: ProgramSettings,
  given: App | undefined
): Effect.fn.Return<never, unknown> {
  const { domains, layer } = given ?? (yield* sixDomains)
  // One id for the process, in the trail and in telemetry.
  const node = randomUUID()
  const repo = Database.layer(databaseOptions(trail, "run"))
  // What the domains need and how the app's layer fails is known to the app alone.
  const main = Thunderline.layer({
    domains,
    interval,
    firstTick,
    version,
    node,
    repo: audit === "required" ? answering(repo) : repo
  }).pipe(Layer.provide(layer)) as Layer.Layer<Thunderline.Infrastructure, unknown>
  const telemetry = Telemetry.layer({ otlp, traceLevel, serviceVersion: version, instanceId: node })
  const { cause, domain } = yield* Thunderline.awaitEscalation.pipe(
    Effect.onInterrupt(() => Effect.logInfo("[Thunderline] Shutting down; a second signal ends it at once")),
    Effect.provide(main),
    Effect.onInterrupt(() =>
      Effect.andThen(
        Effect.logInfo("[Thunderline] Stopped"),
        Effect.sync(() => {
          process.exitCode = ExitCode.ok
        })
      )
    ),
    Effect.provide(Layer.provideMerge(NodeMetrics.layer, telemetry))
  )
  return yield* new ProgramEscalated({ domain, cause })
})
