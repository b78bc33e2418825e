import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { createServer } from "node:http"
import * as Domain from "../../src/model/Domain.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import { states, trail } from "./app.ts"
import * as LogLines from "./LogLines.ts"

/** A service whose answers say whether its instance is open or closed, and its number. */
export class Database extends Context.Service<Database, { readonly query: Effect.Effect<string> }>()("test/Database") {}

export const query = Database.use((database) => database.query)

/** A domain that provides it, and crashes when it is told to. */
export const makeDatabase = (onClosed: () => void = () => {}) => {
  const crashed = Deferred.makeUnsafe<never, Error>()
  let instances = 0
  const domain = Domain.make("database", {
    layer: Layer.effect(
      Database,
      Effect.acquireRelease(
        Effect.sync(() => ({ open: true, number: ++instances })),
        (database) =>
          Effect.sync(() => {
            database.open = false
            onClosed()
          })
      ).pipe(Effect.map((database) => ({
        query: Effect.sync(() => `${database.open ? "open" : "closed"} ${database.number}`)
      })))
    ),
    workers: { link: Effect.suspend(() => instances === 1 ? Deferred.await(crashed) : Effect.never) }
  })
  return { domain, crash: Deferred.fail(crashed, new Error("connection lost")) }
}

/** A route that answers with a text. */
export const route = <R>(
  path: `/${string}`,
  answer: Effect.Effect<string, never, R>,
  options?: { readonly uninterruptible: boolean }
) => HttpRouter.add("GET", path, Effect.map(answer, HttpServerResponse.text), options)

/** Serves routes on Node's server, as an application does. */
export const serve = <A, E, R>(
  routes: Layer.Layer<A, E, R>,
  port: number,
  options: { readonly gracefulShutdownTimeout?: "100 millis" | "200 millis" } = {}
) =>
  HttpRouter.serve(routes, { disableListenLog: true, disableLogger: true }).pipe(
    Layer.provide(NodeHttpServer.layer(createServer, { port, host: "127.0.0.1", ...options }))
  )

/** The application on the clock, with its log in memory. */
export const app = <Domains extends ReadonlyArray<Domain.Any>>(...domains: Domains) =>
  Layer.provideMerge(Thunderline.layer({ domains, interval: "20 millis" }), LogLines.layer)

const poll = Schedule.spaced("5 millis")

/** Waits for something that no event tells. */
export const until = (holds: () => boolean) =>
  Effect.repeat(Effect.void, { until: holds, schedule: poll }).pipe(Effect.timeout("20 seconds"), Effect.orDie)

/** Waits until a domain is in a state. */
export const awaitState = (name: string, state: string) =>
  states.pipe(
    Effect.repeat({ until: (all) => all[name] === state, schedule: poll }),
    Effect.timeout("20 seconds"),
    Effect.orDie
  )

/** Waits until a generation of a domain is or has been active. */
export const awaitGeneration = (name: string, generation: number) =>
  trail.pipe(
    Effect.repeat({
      until: (events) =>
        events.some((event) => event.domain === name && event.generation === generation && event.to === "active"),
      schedule: poll
    }),
    Effect.timeout("20 seconds"),
    Effect.orDie
  )
