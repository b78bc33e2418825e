import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as References from "effect/References"
import * as SafeTelemetry from "../../telemetry/SafeTelemetry.ts"
import * as AppModule from "../flags/AppModule.ts"
import * as Interval from "../flags/Interval.ts"
import * as Listen from "../flags/Listen.ts"
import * as Otlp from "../flags/OtlpFlag.ts"
import * as TrailSettings from "../flags/TrailSettings.ts"
import * as OutputReader from "../OutputReader.ts"
import * as DurationText from "../text/DurationText.ts"
import * as LogFormat from "../text/LogFormat.ts"
import * as Style from "../text/Style.ts"
import * as Trail from "../Trail.ts"

const app = Argument.String("app").pipe(
  Argument.withDescription("A module that exports an app: `export default Thunderline.app({ domains })`"),
  Argument.optional
)

const firstTick = Flag.Literals("first-tick", ["interval", "immediate"]).pipe(
  Flag.withDefault("interval"),
  Flag.withMetavar("mode"),
  Flag.withDescription("When tick 1 comes: after one interval (default), or at once")
)

const trail = Flag.Literals("trail", ["best-effort", "required"]).pipe(
  Flag.withDefault("best-effort"),
  Flag.withMetavar("mode"),
  Flag.withDescription("Go on without the database (default), or require it")
)

const migrate = Flag.Boolean("migrate").pipe(
  Flag.withDefault(true),
  Flag.withDescription("Bring the database schema up to date first (default); --no-migrate leaves it as it is")
)

const retention = Flag.String("retention").pipe(
  Flag.filterMap(
    (text) => Option.filter(DurationText.parse(text), Duration.isGreaterThan(Duration.zero)),
    () => `a length of time such as "30 days" or 12h`
  ),
  Flag.optional,
  Flag.withMetavar("duration"),
  Flag.withDescription("How long transitions are kept: \"30 days\", 12h (default: for ever)")
)

const shutdownTimeout = Flag.String("shutdown-timeout").pipe(
  Flag.filterMap(
    (text) => Option.filter(DurationText.parse(text), Duration.isGreaterThan(Duration.zero)),
    () => `a length of time such as 25s or "1 minute"`
  ),
  Flag.withDefault(Duration.seconds(25)),
  Flag.withMetavar("duration"),
  Flag.withDescription("How long the shutdown may take: 10s, \"1 minute\" (default 25s)")
)

const policy = Flag.Literals("policy", ["act", "dry-run"]).pipe(
  Flag.withDefault("act"),
  Flag.withMetavar("mode"),
  Flag.withDescription("Whether thundercrown restarts what has become slow (default), or only says what it would do")
)

/** Loaded when it is started: other commands do without it. */
const program = Effect.promise(() => import("../Program.ts"))

/** `thunderline start`: runs an app, or the domains that come with Thunderline, until a signal ends it. */
export const command = Command.make(
  "start",
  {
    app,
    interval: Interval.flag,
    firstTick,
    trail,
    migrate,
    retention,
    shutdownTimeout,
    logFormat: LogFormat.flag,
    otlp: Otlp.flag,
    traceLevel: Otlp.traceLevel,
    policy,
    listen: Listen.flags,
    database: TrailSettings.flags
  },
  Effect.fnUntraced(function*({ app, listen: { http, ...listen }, logFormat, ...rest }) {
    const settings = { ...rest, listen: http ? listen : undefined }
    const loaded = Option.isNone(app) ? undefined : yield* AppModule.load(app.value)
    const path = yield* Path.Path
    const name = Option.match(app, {
      onNone: () => "thunderline",
      onSome: (file) => path.basename(file, path.extname(file))
    })
    const logger = LogFormat.logger(logFormat, yield* Style.current)
    // The program goes on when nobody reads its log.
    yield* OutputReader.ignore
    const { run } = yield* program
    return yield* run({ ...settings, name }, loaded).pipe(
      Trail.named(settings.database),
      Effect.provide(Logger.layer([SafeTelemetry.logger(Logger.withConsoleLog(logger))])),
      Effect.provideService(References.MinimumLogLevel, Option.getOrElse(yield* GlobalFlag.LogLevel, () => "Info"))
    )
  })
).pipe(
  Command.withDescription("Run an app until Ctrl-C or SIGTERM; without one, the domains that come with Thunderline"),
  Command.withShortDescription("Run an app until Ctrl-C or SIGTERM"),
  Command.withExamples([
    { command: "thunderline start" },
    { command: "thunderline start examples/minimal.ts --interval 500ms", description: "Your own domains" },
    { command: "thunderline start --database memory --log-format json" },
    { command: "thunderline start --otlp http://127.0.0.1:4318", description: "With traces, metrics and logs" }
  ])
)
