/**
 * The HTTP API of the control plane, as one definition: the server, the client, OpenAPI and the page are derived from it.
 * Use it for a client in another program, or to serve the same endpoints elsewhere; `Client` is the ready-made client.
 *
 * @example
 * ```ts
 * import { OpenApi } from "effect/http-api"
 * import { Api } from "thunderline/control"
 *
 * const paths = Object.keys(OpenApi.fromApi(Api.Api).paths)
 * ```
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { BootAnalysis } from "../insight/BootAnalysis.ts"
import type { Operation } from "../model/DomainControl.ts"
import { StatusName } from "../model/DomainStatus.ts"
import { Tick } from "../model/Tick.ts"
import * as Health from "../supervision/Health.ts"
import { RegistryRow, Run } from "../trail/Repo.ts"
import { Accepted } from "./Accepted.ts"
import { Operating, Reading, Validation } from "./Access.ts"
import { DomainInfo, DomainList } from "./DomainInfo.ts"
import { HistoryPage } from "./HistoryPage.ts"
import * as Problem from "./Problem.ts"
import { Stats } from "./Stats.ts"
import { StreamEvent } from "./StreamEvent.ts"

export { Accepted } from "./Accepted.ts"
export { Stats } from "./Stats.ts"

const describe = (description: string) => OpenApi.annotations({ description })

const probe = <const Name extends string, const Path extends `/${string}`>(name: Name, path: Path, text: string) =>
  HttpApiEndpoint.get(name, path, {
    success: [Health.Pass, Health.Fail.pipe(HttpApiSchema.status(503))]
  }).annotateMerge(describe(text))

/** `GET /health/…`: open to everybody, for probes. 200 or 503, with the reason. */
export class HealthApi extends HttpApiGroup.make("health").add(
  probe("live", "/live", "Whether the heartbeat is alive; it does not depend on domains or the database"),
  probe("ready", "/ready", "Whether every required domain is active"),
  probe("startup", "/startup", "Whether every domain whose tick has come has been active, is crashed, or is blocked")
).prefix("/health").annotateMerge(describe("Probes")) {}

/** The newest tick. */
export const TickInfo = Schema.Struct({
  /** Its count, 0 before the first. */
  count: Schema.Natural,
  tick: Schema.NullOr(Tick)
})
export interface TickInfo extends Schema.Schema.Type<typeof TickInfo> {}

/** `GET /api/v1/tick` and `/stats`. */
export class SystemApi extends HttpApiGroup.make("system").add(
  HttpApiEndpoint.get("tick", "/tick", { success: TickInfo }).annotateMerge(describe("The newest tick")),
  HttpApiEndpoint.get("stats", "/stats", { success: Stats }).annotateMerge(
    describe("Heartbeat, domains by state, trail and telemetry")
  )
).middleware(Reading).prefix("/api/v1") {}

const name = { name: Schema.String }

const operation = <const M extends Operation>(operation: M, text: string) =>
  HttpApiEndpoint.post(operation, `/:name/${operation}`, {
    params: name,
    success: Accepted.pipe(HttpApiSchema.status(202)),
    error: [Problem.DomainNotFound, Problem.OperationConflict, Problem.TrailAway, Problem.Stopping, Problem.Unavailable]
  }).middleware(Operating).annotateMerge(describe(text))

/** `GET /api/v1/domains`, `GET /api/v1/domains/{name}`, `POST /api/v1/domains/{name}/{operation}`. */
export class DomainsApi extends HttpApiGroup.make("domains").add(
  HttpApiEndpoint.get("list", "/", { success: DomainList }).middleware(Reading).annotateMerge(
    describe("All domains; has an ETag")
  ),
  HttpApiEndpoint.get("get", "/:name", { params: name, success: DomainInfo, error: Problem.DomainNotFound })
    .middleware(Reading).annotateMerge(describe("One domain")),
  operation("restart", "Ends the domain's generation and builds the next, with a new restart budget"),
  operation("activate", "Lets an inactive domain wait for its gate again; it activates at once if the gate is open"),
  operation("deactivate", "Makes the domain inactive; domains that depend on it wait")
).prefix("/api/v1/domains") {}

/** Which transitions to read: all conditions must hold. */
export const HistoryQuery = {
  domain: Schema.optional(Schema.String),
  /** The state that was entered. */
  status: Schema.optional(StatusName),
  runId: Schema.optional(Schema.String),
  /** Ticks from `fromTick` on and before `toTick`. */
  fromTick: Schema.optional(Schema.Natural),
  toTick: Schema.optional(Schema.Natural),
  since: Schema.optional(Schema.DateTimeUtcFromString),
  until: Schema.optional(Schema.DateTimeUtcFromString),
  order: Schema.optional(Schema.Literals(["newest", "oldest"])),
  limit: Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))),
  cursor: Schema.optional(Schema.String)
}

/** `GET /api/v1/history`, `/registry` and `/runs`: the trail. */
export class HistoryApi extends HttpApiGroup.make("history").add(
  HttpApiEndpoint.get("page", "/history", {
    query: HistoryQuery,
    success: HistoryPage,
    error: [Problem.InvalidRequest, Problem.Unavailable]
  }).annotateMerge(describe("The transitions, newest first, at most 1,000 (default 100)")),
  HttpApiEndpoint.get("registry", "/registry", {
    success: Schema.Array(RegistryRow),
    error: Problem.Unavailable
  }).annotateMerge(describe("Where the domains stand, as the trail has it: the rows of active_domain_registry")),
  HttpApiEndpoint.get("runs", "/runs", {
    query: { limit: HistoryQuery.limit },
    success: Schema.Array(Run),
    error: Problem.Unavailable
  }).annotateMerge(describe("The runs of the program, newest first, at most 1,000 (default 100)"))
).middleware(Reading).prefix("/api/v1") {}

/** `GET /api/v1/analysis/boot`: how the time of a start was spent. */
export class AnalysisApi extends HttpApiGroup.make("analysis").add(
  HttpApiEndpoint.get("boot", "/boot", {
    query: {
      /** Which run (default: this one). */
      runId: Schema.optionalKey(Schema.String)
    },
    success: BootAnalysis,
    error: [Problem.BootNotFound, Problem.Unavailable]
  }).annotateMerge(describe("How the time of a start was spent: waiting for ticks, waiting for dependencies, own work"))
).middleware(Reading).prefix("/api/v1/analysis") {}

/** `GET /api/v1/events`: the live stream, as server-sent events. */
export class EventsApi extends HttpApiGroup.make("events").add(
  HttpApiEndpoint.get("stream", "/events", {
    headers: { "last-event-id": Schema.optional(Schema.String) },
    query: {
      /** Only this domain's transitions. */
      domain: Schema.optional(Schema.String),
      /** Only transitions into this state. */
      status: Schema.optional(StatusName),
      /** Whether ticks are sent (default `true`). */
      ticks: Schema.optional(Schema.Literals(["true", "false"])),
      /** The same as the header `Last-Event-ID`, where that cannot be set. The header takes precedence. */
      lastEventId: Schema.optional(Schema.String)
    },
    success: HttpApiSchema.StreamSse({ events: StreamEvent }),
    error: [Problem.InvalidRequest, Problem.Unavailable]
  }).annotateMerge(describe("Ticks and transitions from now on, or behind the transition `Last-Event-ID`"))
).middleware(Reading).prefix("/api/v1") {}

/** `GET /metrics`: for Prometheus. */
export class MetricsApi extends HttpApiGroup.make("metrics").add(
  HttpApiEndpoint.get("prometheus", "/metrics", {
    success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain; version=0.0.4; charset=utf-8" }))
  }).annotateMerge(describe("All metrics in Prometheus' text format"))
).middleware(Reading) {}

/** The control plane: one definition for the server, the derived client, OpenAPI and the docs page. */
export class Api extends HttpApi.make("thunderline")
  .add(HealthApi, SystemApi, DomainsApi, HistoryApi, AnalysisApi, EventsApi, MetricsApi)
  .middleware(Validation)
  .annotate(HttpApi.QueryParseOptions, { onExcessProperty: "error", errors: "all" })
  .annotateMerge(OpenApi.annotations({
    title: "Thunderline",
    version: "1",
    description: "Start-up, supervision and health of an application, driven by a heartbeat"
  }))
{}
