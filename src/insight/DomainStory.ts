/**
 * One domain's story from the trail: its state, how often it crashed and restarted, what took it down. Use it to explain one
 * domain. For the present state of all domains use `DomainRegistry`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { DomainStory, MemoryRepo } from "thunderline"
 *
 * const program = DomainStory.read("payments").pipe(
 *   Effect.tap((story) => Effect.log(story)),
 *   Effect.provide(MemoryRepo.layer)
 * )
 * ```
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { DomainEvent } from "../model/DomainEvent.ts"
import { StatusName } from "../model/DomainStatus.ts"
import { RegistryRow } from "../trail/Projection.ts"
import { Repo, type RepoError } from "../trail/Repo.ts"

/** The trail holds nothing about a domain of that name. */
export class DomainNotRecorded extends Schema.TaggedError<DomainNotRecorded>()("DomainNotRecorded", {
  domain: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    const known = this.known.length === 0 ? "nothing has been recorded yet" : `it knows: ${this.known.join(", ")}`
    return `The trail knows no domain "${this.domain}"; ${known}`
  }
}

/** A crash: when, why, which domains left `active` with it, and what followed. */
export const Crash = Schema.Struct({
  event: DomainEvent,
  /** The dependants that left `active` with it, in order. */
  tookDown: Schema.Array(Schema.String),
  /** The restart that followed; `null` if the domain stayed crashed. */
  restart: Schema.NullOr(Schema.Struct({ attempt: Schema.Natural, delayMs: Schema.Finite }))
})
export interface Crash extends Schema.Schema.Type<typeof Crash> {}

/** An end other than a crash: by another domain (`by`), by an operator or by the shutdown. */
export const TakenDown = Schema.Struct({
  event: DomainEvent,
  by: Schema.NullOr(Schema.String),
  tookDown: Schema.Array(Schema.String)
})
export interface TakenDown extends Schema.Schema.Type<typeof TakenDown> {}

/**
 * One domain's story from the trail: its state and its transitions, the newest last. `events` are the
 * newest transitions; `crashes` and `takenDown` are those among them. `more` is whether there are older ones.
 */
export const DomainStory = Schema.Struct({
  row: RegistryRow,
  status: StatusName,
  generation: Schema.Natural,
  restarts: Schema.Natural,
  crashes: Schema.Array(Crash),
  takenDown: Schema.Array(TakenDown),
  events: Schema.Array(DomainEvent),
  more: Schema.Boolean
})
export interface DomainStory extends Schema.Schema.Type<typeof DomainStory> {}

const isStatus = Schema.is(StatusName)

const hasGeneration = (event: DomainEvent) => event.from === "active" || event.from === "activating"
const isCrash = (event: DomainEvent) => event.to === "crashed"
const isTakenDown = (event: DomainEvent) => hasGeneration(event) && event.to === "deactivating"

const number = (value: unknown): number => typeof value === "number" ? value : 0

/** The restart that was scheduled in the same commit as a crash. */
const restartAfter = (crash: DomainEvent, events: ReadonlyArray<DomainEvent>): Crash["restart"] => {
  const next = events[events.indexOf(crash) + 1]
  return next?.to === "restarting"
    ? { attempt: number(next.metadata["attempt"]), delayMs: number(next.metadata["delayMs"]) }
    : null
}

/** A domain and its dependants leave `active` in one commit, so at one time. */
const tookDown = Effect.fnUntraced(function*(event: DomainEvent) {
  const repo = yield* Repo
  const events = repo.stream({
    runId: event.runId,
    status: "deactivating",
    since: event.occurredAt,
    until: DateTime.add(event.occurredAt, { milliseconds: 1 }),
    fromTick: event.tick,
    toTick: event.tick + 1,
    order: "oldest"
  })
  const wentDown = events.pipe(
    Stream.filter((other) => other.reason === "dependency" && other.metadata["dependency"] === event.domain),
    Stream.map((other) => other.domain)
  )
  return yield* Stream.runCollect(wentDown)
})

/** Reads a domain's story: its newest `limit` transitions (default 100), of one run or of all. */
export const read = Effect.fn("DomainStory.read")(function*(
  domain: string,
  options?: { readonly limit?: number | undefined; readonly runId?: string | undefined }
): Effect.fn.Return<DomainStory, DomainNotRecorded | RepoError, Repo> {
  const repo = yield* Repo
  const row = yield* repo.byDomainName(domain)
  if (Option.isNone(row)) {
    const known = (yield* repo.listDomains).map((one) => one.domainName)
    return yield* new DomainNotRecorded({ domain, known })
  }
  const page = yield* repo.events({ domain, runId: options?.runId, limit: options?.limit }).pipe(
    Effect.catchTag("InvalidCursor", Effect.die)
  )
  const events = page.events.toReversed()
  const crashes = yield* Effect.forEach(events.filter(isCrash), (event) =>
    Effect.map(
      hasGeneration(event) ? tookDown(event) : Effect.succeed([]),
      (names): Crash => ({ event, tookDown: names, restart: restartAfter(event, events) })
    ), { concurrency: 4 })
  const takenDown = yield* Effect.forEach(
    events.filter(isTakenDown),
    (event) =>
      Effect.map(event.reason === "shutdown" ? Effect.succeed([]) : tookDown(event), (names): TakenDown => {
        const { dependency } = event.metadata
        return { event, by: typeof dependency === "string" ? dependency : null, tookDown: names }
      }),
    { concurrency: 4 }
  )
  const { generation, state } = row.value.metadata
  return {
    row: row.value,
    status: isStatus(state) ? state : row.value.status,
    generation: number(generation),
    restarts: events.filter((event) => event.to === "restarting").length,
    crashes,
    takenDown,
    events,
    more: Option.isSome(page.next)
  }
})
