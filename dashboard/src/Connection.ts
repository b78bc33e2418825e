import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as ApiClient from "../../src/control/ApiClient.ts"
import * as EventFollower from "../../src/control/EventFollower.ts"
import * as ProgramFeed from "../../src/control/ProgramFeed.ts"
import { News } from "../../src/control/ProgramView.ts"
import type { Operation } from "../../src/model/DomainControl.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import type { StatusName } from "../../src/model/DomainStatus.ts"
import * as Session from "./Session.ts"
import { current, post } from "./Store.ts"

/** A client of the server that the page came from, with the token if it is known. */
const client = Effect.suspend(() => {
  const token = Session.token()
  return ApiClient.make({ url: location.origin, token: token === undefined ? undefined : Redacted.make(token) })
})

let wake = () => {}

/** Tries to connect at once, as after a token was given. */
export const retry = (): void => wake()

const woken = Effect.callback<void>((resume) => {
  wake = () => resume(Effect.void)
  addEventListener("online", wake)
  return Effect.sync(() => removeEventListener("online", wake))
})

/** Follows the server from now on. */
export const start = (): void => {
  Effect.runFork(ProgramFeed.run({ client, wake: woken }, post))
}

/** How an operation was answered. */
export type Answer =
  | { readonly _tag: "Accepted"; readonly status: StatusName }
  /** The token is missing or wrong. */
  | { readonly _tag: "Unauthorized" }
  | { readonly _tag: "Refused"; readonly why: string }

const refusal = (error: unknown): Answer =>
  EventFollower.isUnauthorized(error)
    ? { _tag: "Unauthorized" }
    : { _tag: "Refused", why: EventFollower.reasonOf(error) }

/** Asks for an operation, once. */
export const operation = (domain: string, operation: Operation): Promise<Answer> =>
  client.pipe(
    Effect.flatMap(({ domains }) => domains[operation]({ params: { name: domain } })),
    Effect.timeout("15 seconds"),
    Effect.match({ onSuccess: ({ status }): Answer => ({ _tag: "Accepted", status }), onFailure: refusal }),
    Effect.runPromise
  )

/** Reads the page of the trail behind the oldest transition known. */
export const readOlder = (): Promise<"read" | "failed"> =>
  Effect.gen(function*() {
    const cursor = current().older
    if (cursor === undefined) return
    const { history } = yield* client
    const { events, next } = yield* history.page({ query: { limit: 200, cursor } })
    post(News.Past({ events, older: next }))
  }).pipe(
    Effect.timeout("10 seconds"),
    Effect.match({ onSuccess: () => "read" as const, onFailure: () => "failed" as const }),
    Effect.runPromise
  )

/** Reads the newest transitions of one domain; fails when the trail cannot be read. */
export const historyOf = (domain: string, signal: AbortSignal): Promise<ReadonlyArray<DomainEvent>> =>
  client.pipe(
    Effect.flatMap(({ history }) => history.page({ query: { domain, limit: 100 } })),
    Effect.timeout("10 seconds"),
    Effect.map(({ events }) => events),
    (effect) => Effect.runPromise(effect, { signal })
  )
