/** The trail of a running program, read through its control plane: what reads a `Repo` reads it from anywhere. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { DomainEvent } from "../model/DomainEvent.ts"
import * as EventCursor from "../trail/EventCursor.ts"
import type { EventQuery, StreamQuery } from "../trail/EventPage.ts"
import * as Repo from "../trail/Repo.ts"
import type { Client } from "./Client.ts"
import * as EventFollower from "./EventFollower.ts"
import type { Stats } from "./Stats.ts"

const failure = (operation: string) => (cause: unknown) =>
  new Repo.RepoUnavailable({ operation, detail: EventFollower.reasonOf(cause), cause })

const eventsOf = ({ history }: Client["Service"]) => ({ cursor, ...query }: EventQuery) =>
  Effect.gen(function*() {
    if (cursor !== undefined) yield* EventCursor.decode(cursor, query.order ?? "newest")
    const page = yield* Effect.mapError(history.page({ query: { ...query, cursor } }), failure("Repo.events"))
    return { events: page.events, next: Option.fromNullOr(page.next) }
  })

/** The transitions that match, read page by page as they are consumed. */
export const stream = (client: Client["Service"], query: StreamQuery): Stream.Stream<DomainEvent, Repo.RepoError> =>
  Repo.streamOf(eventsOf(client))(query)

/** Makes the trail that a client reads; `trail` is what the program's figures say of it. */
export const make = (
  client: Client["Service"],
  { backend, durable }: Pick<Stats["trail"], "backend" | "durable">
): Repo.Repo["Service"] => {
  const { history } = client
  const events = eventsOf(client)
  const newest = (limit?: number) =>
    Effect.map(
      Effect.catchTag(events({ status: "active", limit }), "InvalidCursor", Effect.die),
      ({ events }) => events
    )
  const rows = Effect.mapError(history.registry(), failure("Repo.listDomains"))
  return Repo.make({
    backend,
    durable,
    events,
    activationHistory: newest,
    listDomains: rows,
    listActive: Effect.map(rows, (all) => all.filter(({ status }) => status === "active")),
    byDomainName: (name) =>
      Effect.map(rows, (all) => Option.fromUndefinedOr(all.find(({ domainName }) => domainName === name))),
    runs: (limit) => Effect.mapError(history.runs({ query: { limit } }), failure("Repo.runs"))
  })
}
