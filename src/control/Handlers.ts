import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Semaphore from "effect/Semaphore"
import { DomainRegistry } from "../heartbeat/DomainRegistry.ts"
import { TickGenerator } from "../heartbeat/TickGenerator.ts"
import * as RecordedBoot from "../insight/RecordedBoot.ts"
import { DomainControl, type Operation } from "../model/DomainControl.ts"
import { StatusName } from "../model/DomainStatus.ts"
import { Health } from "../supervision/Health.ts"
import { CurrentRun } from "../trail/CurrentRun.ts"
import * as EventCursor from "../trail/EventCursor.ts"
import { Outbox } from "../trail/Outbox.ts"
import { Repo } from "../trail/Repo.ts"
import { invalid } from "./AccessControl.ts"
import { Api } from "./Api.ts"
import * as CachedList from "./CachedList.ts"
import { fromView } from "./DomainInfo.ts"
import { EventFeed } from "./EventFeed.ts"
import * as Problem from "./Problem.ts"
import * as PrometheusText from "./PrometheusText.ts"
import { Settings } from "./Settings.ts"

const health = HttpApiBuilder.group(
  Api,
  "health",
  Effect.fnUntraced(function*(handlers) {
    const { live, ready, startup } = yield* Health
    return handlers.handleAll({ live: () => live, ready: () => ready, startup: () => startup })
  })
)

const system = HttpApiBuilder.group(
  Api,
  "system",
  Effect.fnUntraced(function*(handlers) {
    const { app, node, runId, startedAt, version } = yield* CurrentRun
    const registry = yield* DomainRegistry
    const generator = yield* TickGenerator
    const outbox = yield* Outbox
    const { backend, durable } = yield* Repo
    const { collector } = yield* Settings
    const { followers } = yield* EventFeed

    const trail = Effect.map(outbox.stats, ({ status, ...counts }) => ({
      backend,
      durable,
      status: status._tag,
      since: status._tag === "ok" ? null : DateTime.makeUnsafe(status.since),
      detail: status._tag === "ok" ? null : status.detail,
      ...counts
    }))
    const domains = Effect.map(registry.snapshot, (all) => {
      const byStatus = Object.fromEntries(StatusName.literals.map((name) => [name, 0])) as Record<StatusName, number>
      for (const { status } of all) byStatus[status._tag]++
      return { total: all.length, byStatus }
    })

    return handlers.handleAll({
      tick: () =>
        Effect.map(registry.lastTick, (tick) => ({
          count: Option.match(tick, { onNone: () => 0, onSome: ({ count }) => count }),
          tick: Option.getOrNull(tick)
        })),
      stats: () =>
        Effect.all({
          run: Effect.succeed({ app, node, runId, startedAt, version }),
          heartbeat: generator.stats,
          domains,
          trail,
          telemetry: Effect.succeed({ collector }),
          followers: Effect.sync(followers),
          now: DateTime.now
        })
    })
  })
)

/** How long an operation may take to be accepted, and written if the trail is required. */
const operationDeadline = "10 seconds"

const domains = HttpApiBuilder.group(
  Api,
  "domains",
  Effect.fnUntraced(function*(handlers) {
    const registry = yield* DomainRegistry
    const control = yield* DomainControl
    const list = yield* CachedList.make

    const operation =
      (operation: Operation) => ({ params: { name } }: { readonly params: { readonly name: string } }) =>
        Effect.gen(function*() {
          yield* Effect.timeout(control[operation](name), operationDeadline)
          yield* Effect.logInfo(`[Control] Operator: ${operation} ${name}`)
          const status = yield* registry.domainStatus(name)
          return { domain: name, operation, status: status._tag }
        }).pipe(Effect.mapError((error) =>
          error._tag === "TimeoutError"
            ? new Problem.Unavailable({
              detail: `No answer in ${operationDeadline}: ${operation} ${name} may still be carried out`
            })
            : Problem.ofControlError(error)
        ))

    return handlers.handleAll({
      list: ({ request }) =>
        Effect.map(list, ({ etag, response }) =>
          request.headers["if-none-match"] === etag
            ? HttpServerResponse.empty({ status: 304, headers: { etag } })
            : response),
      get: ({ params: { name } }) =>
        Effect.mapBoth(registry.domain(name), { onSuccess: fromView, onFailure: Problem.ofUnknown }),
      restart: operation("restart"),
      activate: operation("activate"),
      deactivate: operation("deactivate")
    })
  })
)

const unreadable = ({ message }: { readonly message: string }) =>
  new Problem.Unavailable({ detail: `The trail cannot be read now: ${message}` })

/** Reads the trail: at most so many at once, so that it keeps most of its connections for being written. */
const reading = (readers: Semaphore.Semaphore) => <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.timeout(readers.withPermits(1)(effect), "10 seconds")

const history = HttpApiBuilder.group(
  Api,
  "history",
  Effect.fnUntraced(function*(handlers) {
    const repo = yield* Repo
    const read = reading(Semaphore.makeUnsafe(4))
    return handlers.handleAll({
      page: ({ query }) =>
        read(repo.events(query)).pipe(
          Effect.map(({ events, next }) => ({ events, next: Option.getOrNull(next) })),
          Effect.mapError((error) =>
            error._tag === "InvalidCursor"
              ? invalid([{ path: ["query", "cursor"], message: error.message }])
              : unreadable(error)
          )
        ),
      registry: () => Effect.mapError(read(repo.listDomains), unreadable),
      runs: ({ query: { limit } }) => Effect.mapError(read(repo.runs(limit)), unreadable)
    })
  })
)

const analysis = HttpApiBuilder.group(
  Api,
  "analysis",
  Effect.fnUntraced(function*(handlers) {
    const run = yield* CurrentRun
    const repo = yield* Repo
    const outbox = yield* Outbox
    const read = reading(Semaphore.makeUnsafe(1))
    return handlers.handle(
      "boot",
      ({ query: { runId = run.runId } }) =>
        Effect.andThen(Effect.timeoutOption(outbox.flush, "1 second"), RecordedBoot.read(runId)).pipe(
          Effect.provideService(Repo, repo),
          read,
          Effect.mapError((error) =>
            error._tag === "BootNotRecorded"
              ? new Problem.BootNotFound({ runId, detail: error.message })
              : unreadable(error)
          )
        )
    )
  })
)

const events = HttpApiBuilder.group(
  Api,
  "events",
  Effect.fnUntraced(function*(handlers) {
    const feed = yield* EventFeed
    return handlers.handle(
      "stream",
      Effect.fnUntraced(function*({ headers, query }) {
        const header = headers["last-event-id"]
        const after = header || query.lastEventId || undefined
        if (after !== undefined && !EventCursor.isEventId(after)) {
          const path = header ? ["headers", "last-event-id"] : ["query", "lastEventId"]
          return yield* invalid([{ path, message: "Expected the id of a transition" }])
        }
        const { domain, status, ticks } = query
        const stream = yield* feed.follow({ after, domain, status, ticks: ticks !== "false" })
        return HttpServerResponse.stream(stream, {
          contentType: "text/event-stream",
          headers: { "cache-control": "no-store", "x-accel-buffering": "no" }
        })
      })
    )
  })
)

const metrics = HttpApiBuilder.group(
  Api,
  "metrics",
  (handlers) => handlers.handle("prometheus", () => PrometheusText.format)
)

/** What the endpoints do. */
export const layer = Layer.mergeAll(health, system, domains, history, analysis, events, metrics)
