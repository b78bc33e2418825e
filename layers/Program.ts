import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { randomUUID } from "node:crypto"
import * as ExitCode from "../src/cli/ExitCode.ts"
import type { App } from "../src/cli/flags/AppModule.ts"
import type { Listen } from "../src/cli/flags/Listen.ts"
import { ProgramEscalated, type ProgramSettings } from "../src/cli/Program.ts"
import * as ControlServer from "../src/control/ControlServer.ts"
import * as ControlFile from "../src/node/ControlFile.ts"
import * as NodeMetrics from "../src/node/NodeMetrics.ts"
import * as SystemdNotify from "../src/node/SystemdNotify.ts"
import * as TokenFile from "../src/node/TokenFile.ts"
import * as Telemetry from "../src/otel/Exporter.ts"
import type { Database } from "../src/postgres/Database.ts"
import * as OpenDatabase from "../src/postgres/OpenDatabase.ts"
import * as Thunderline from "../src/Thunderline.ts"
import { CurrentRun } from "../src/trail/CurrentRun.ts"

/** What runs when `start` is given no app; it needs nothing from outside. */
const sixDomains = (mode: ProgramSettings["policy"]): Effect.Effect<App> =>
  Effect.map(
    Effect.promise(() => import("../src/domains/SixDomains.ts")),
    ({ domainsWith }) => ({ domains: domainsWith({ policy: { mode } }), layer: Layer.empty })
  )

/** The collector's address, without what may be secret in it: a user, a password, a query. */
const shownCollector = (otlp: Option.Option<string>) =>
  Effect.map(Effect.orDie(Config.option(Config.String("OTEL_EXPORTER_OTLP_ENDPOINT"))), (fromEnvironment) => {
    const url = URL.parse(Option.getOrElse(Option.orElse(otlp, () => fromEnvironment), () => ""))
    return url === null ? null : `${url.origin}${url.pathname.replace(/\/$/, "")}`
  })

/** The program with its control plane: the address is taken first of all, requests are taken last and given up first. */
const controlled = Effect.fnUntraced(function*(
  listen: Listen,
  { location, stateDir }: Database,
  collector: string | null,
  main: Layer.Layer<Thunderline.Infrastructure, unknown>
) {
  const { source, token } = yield* TokenFile.acquire(stateDir)
  const options = { ...listen, collector, token, tokenSource: source }
  const file = Layer.effectDiscard(Effect.gen(function*() {
    const { runId } = yield* CurrentRun
    const { url } = yield* ControlServer.ControlServer
    yield* ControlFile.keep(stateDir, { url, pid: process.pid, runId, trail: location._tag })
  }))
  return file.pipe(
    Layer.provide(ControlServer.layerServed(options)),
    Layer.provideMerge(main),
    Layer.provide(ControlServer.layerListening(options))
  )
})

/** The program: Thunderline with the app's domains on the trail of choice, until it is interrupted or escalates. */
export const run = Effect.fnUntraced(function*(
  version: string,
  { database, firstTick, interval, listen, migrate, name, otlp, policy, retention, traceLevel, trail }: ProgramSettings,
  given: App | undefined
): Effect.fn.Return<never, unknown> {
  const { domains, layer } = given ?? (yield* sixDomains(policy))
  // One id for the process, in the trail and in telemetry.
  const node = randomUUID()
  // What the domains need and how the app's layer fails is known to the app alone.
  const main = Thunderline.layer({
    domains,
    interval,
    firstTick,
    app: name,
    version,
    node,
    trail,
    retention: Option.getOrUndefined(retention),
    repo: OpenDatabase.layer(database, { purpose: "run", migrate })
  }).pipe(Layer.provide(layer)) as Layer.Layer<Thunderline.Infrastructure, unknown>
  const telemetry = Telemetry.layer({
    otlp,
    traceLevel,
    serviceName: name,
    serviceVersion: version,
    instanceId: node
  })
  const { cause, domain } = yield* Thunderline.awaitEscalation.pipe(
    Effect.onInterrupt(() => Effect.logInfo("[Thunderline] Shutting down; a second signal ends it at once")),
    Effect.provide(
      Layer.provideMerge(
        SystemdNotify.layer,
        listen === undefined ? main : yield* controlled(listen, database, yield* shownCollector(otlp), main)
      )
    ),
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
