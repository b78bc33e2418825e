import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { Api } from "../../src/control/Api.ts"
import type { StreamEvent } from "../../src/control/StreamEvent.ts"
import type { Operation } from "../../src/model/DomainControl.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import type { StatusName } from "../../src/model/DomainStatus.ts"
import * as Session from "./Session.ts"
import * as State from "./State.ts"
import { current, update } from "./Store.ts"

const client = Effect.suspend(() => {
  const token = Session.token()
  return HttpApiClient.make(Api, {
    baseUrl: location.origin,
    transformClient: (client) =>
      token === undefined ? client : HttpClient.mapRequest(client, HttpClientRequest.bearerToken(Redacted.make(token)))
  })
})

type ApiClient = Effect.Success<typeof client>

/** What the page waits for while it is not connected: the time of the next attempt, or somebody who does not want to. */
let wake = () => {}

/** Tries again at once, as after a token was given. */
export const retry = (): void => wake()

/** The longest time that a reading may take. */
const answerTimeout = "5 seconds"

const readDomains = (api: ApiClient) =>
  api.domains.list().pipe(
    Effect.timeout(answerTimeout),
    Effect.map(({ domains }) => update((state) => State.listed(state, domains)))
  )

const readStats = (api: ApiClient) =>
  api.system.stats().pipe(
    Effect.timeout(answerTimeout),
    Effect.map((stats) => update((state) => State.measured(state, stats, Date.now())))
  )

/** The trail may be away while all else is well: then there is no past to show. */
const readTrail = (api: ApiClient, runId: string) =>
  Effect.gen(function*() {
    const newest = yield* api.history.page({ query: { limit: 200 } })
    update((state) => State.paged(state, newest.events, newest.next))
    let read = 0
    for (const status of ["activating", "active"] as const) {
      let cursor: string | undefined
      do {
        const query = { runId, status, order: "oldest", limit: 1000 } as const
        const page = yield* api.history.page({ query: cursor === undefined ? query : { ...query, cursor } })
        update((state) => State.withActivations(state, page.events))
        cursor = page.next ?? undefined
        read += page.events.length
      } while (cursor !== undefined && read < 5 * current().domains.length)
    }
  }).pipe(Effect.timeout("20 seconds"), Effect.ignore)

/** Set when a transition has come: the list tells what the transition does not, such as who is blocked by whom. */
let stale = false

/** Reads again what has no event of its own: health, blockades, lateness, the trail's state. Fails when nobody answers. */
const refresh = (api: ApiClient) =>
  Effect.gen(function*() {
    for (let turn = 1;; turn++) {
      const large = current().domains.length > 200
      yield* Effect.sleep(large ? 2000 : 500)
      if (stale || turn % (large ? 3 : 10) === 0) {
        stale = false
        yield* readDomains(api)
      }
      if (turn % (large ? 2 : 6) === 0) yield* readStats(api)
    }
  })

const take = (api: ApiClient, batch: ReadonlyArray<StreamEvent>) =>
  Effect.gen(function*() {
    const now = Date.now()
    let transitions: Array<DomainEvent> = []
    const flush = () => {
      const events = transitions
      transitions = []
      if (events.length === 0) return
      stale = true
      update((state) => State.happened(state, events, now))
    }
    for (const { data, event } of batch) {
      if (event === "domain") {
        transitions.push(data)
        continue
      }
      flush()
      if (event === "tick") update((state) => State.ticked(state, data, now))
      else if (event === "gap") yield* Effect.forkScoped(readTrail(api, current().run?.runId ?? ""))
      else {
        update((state) => State.greeted(state, data))
        yield* Effect.all([readDomains(api), readStats(api)], { concurrency: 2 })
        update((state) => ({ ...state, link: { _tag: "Live" }, heardAt: now }))
        yield* Effect.forkScoped(readTrail(api, data.runId))
      }
    }
    flush()
  })

/** Follows the server until it is gone. */
const session = Effect.gen(function*() {
  const api = yield* client
  const stream = yield* Effect.timeout(api.events.stream({ headers: {}, query: {} }), answerTimeout)
  const following = Stream.runForEachArray(stream, (batch) => take(api, batch))
  return yield* Effect.raceFirst(
    Effect.andThen(following, Effect.fail("The server has ended the stream")),
    refresh(api)
  )
}).pipe(Effect.scoped)

const reason = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  if (typeof error === "string") return error
  const tag = (error as { readonly _tag?: string })._tag
  if (tag === "TimeoutError") return "The server does not answer in time"
  if (tag === "HttpClientError") return "The server cannot be reached"
  return error instanceof Error && error.message !== "" ? error.message : "The server gives an answer that is none"
}

const isLocked = (cause: Cause.Cause<unknown>): boolean =>
  (Cause.squash(cause) as { readonly _tag?: string } | null)?._tag === "Unauthorized"

const woken = Effect.callback<void>((resume) => {
  wake = () => resume(Effect.void)
  addEventListener("online", wake)
  return Effect.sync(() => removeEventListener("online", wake))
})

/** Follows the server for ever: when it is gone, it is tried again after 0.5, 1, 2, 4, then every 5 seconds. */
const program = Effect.gen(function*() {
  let attempt = 0
  while (true) {
    const cause = yield* Effect.flip(Effect.sandbox(session))
    if (current().link._tag === "Live") attempt = 0
    const delay = Math.min(500 * 2 ** attempt++, 5000)
    const locked = isLocked(cause)
    update((state) => ({
      ...state,
      link: locked
        ? { _tag: "Locked", shown: Session.token() === undefined ? "no token" : "a wrong token" }
        : {
          _tag: "Lost",
          since: state.link._tag === "Lost" ? state.link.since : Date.now(),
          why: reason(cause),
          retryAt: Date.now() + delay
        }
    }))
    yield* locked ? woken : Effect.timeoutOption(woken, delay)
  }
})

/** Starts to follow the server. */
export const start = (): void => {
  Effect.runFork(Effect.provide(program, FetchHttpClient.layer))
}

/** How an operation was answered. */
export type Answer =
  | { readonly _tag: "Accepted"; readonly status: StatusName }
  /** The token is missing or wrong. */
  | { readonly _tag: "Unauthorized" }
  | { readonly _tag: "Refused"; readonly why: string }

/** Asks for an operation, once. */
export const operation = (domain: string, operation: Operation): Promise<Answer> =>
  Effect.gen(function*() {
    const api = yield* client
    const { status } = yield* api.domains[operation]({ params: { name: domain } })
    return { _tag: "Accepted", status } as const
  }).pipe(
    Effect.timeout("15 seconds"),
    Effect.catchCause((cause): Effect.Effect<Answer> =>
      Effect.succeed(
        isLocked(cause)
          ? { _tag: "Unauthorized" }
          : { _tag: "Refused", why: (Cause.squash(cause) as { readonly detail?: string }).detail ?? reason(cause) }
      )
    ),
    Effect.provide(FetchHttpClient.layer),
    Effect.runPromise
  )

/** Reads the page of the trail behind what is known. */
export const readOlder = (): Promise<"read" | "failed"> =>
  Effect.gen(function*() {
    const cursor = current().older
    if (cursor === undefined) return "read" as const
    const page = yield* (yield* client).history.page({ query: { limit: 200, cursor } })
    update((state) => State.olderPaged(state, page.events, page.next))
    return "read" as const
  }).pipe(
    Effect.timeout("10 seconds"),
    Effect.catchCause(() => Effect.succeed("failed" as const)),
    Effect.provide(FetchHttpClient.layer),
    Effect.runPromise
  )

/** The newest transitions of one domain; fails when the trail cannot be read. */
export const historyOf = (domain: string, signal: AbortSignal): Promise<ReadonlyArray<DomainEvent>> =>
  Effect.gen(function*() {
    const page = yield* (yield* client).history.page({ query: { domain, limit: 100 } })
    return page.events
  }).pipe(
    Effect.timeout("10 seconds"),
    Effect.provide(FetchHttpClient.layer),
    (effect) => Effect.runPromise(effect, { signal })
  )
