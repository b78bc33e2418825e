import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { DomainEvent, maxCauseLength } from "../model/DomainEvent.ts"
import { StatusName } from "../model/DomainStatus.ts"
import * as Repo from "../trail/Repo.ts"
import { always, equal, matches, some } from "./Expect.ts"
import { at, makeEvent, makeWorld, nextId, trail, Transition } from "./TrailSamples.ts"

/** What a text column can hold. */
const Text = Schema.String.check(
  Schema.makeFilter((text) => text.isWellFormed() && !text.includes("\u0000"))
)

/** Numbers that a column returns unchanged. Negative zero is left out, because no column keeps its sign. */
const signless = Schema.makeFilter((n: number) => !Object.is(n, -0))
const Natural = Schema.Natural.check(signless)
const Int32 = Natural.check(Schema.isLessThan(2 ** 31))

/** The fields of a transition that no law depends on, over their whole range. */
const Fields = Schema.Struct({
  node: Text,
  generation: Int32,
  epoch: Natural,
  tick: Natural,
  wave: Schema.NullOr(Int32),
  from: StatusName,
  to: StatusName,
  reason: DomainEvent.fields.reason,
  cause: Schema.NullOr(Text),
  durationMs: Schema.NullOr(Schema.Finite),
  metadata: Schema.Record(Text, Schema.Union([Text, Schema.Boolean, Schema.Null, Schema.Int.check(signless)])),
  traceId: Schema.NullOr(Text),
  millis: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10 ** 12 }))
})

const Small = Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10 })))
const Pages = Schema.Struct({
  transitions: Schema.Array(Transition),
  domain: Schema.optional(Transition.fields.domain),
  status: Schema.optional(StatusName),
  fromTick: Small,
  toTick: Small,
  since: Small,
  until: Small,
  order: Schema.optional(Schema.Literals(["newest", "oldest"])),
  pageSize: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 7 }))
})

/** The transitions that a query asks for, as `EventQuery` describes it. */
const matching = (all: ReadonlyArray<DomainEvent>, query: Repo.StreamQuery): ReadonlyArray<DomainEvent> => {
  const { domain, fromTick = 0, order, since = at(0), status, toTick = 99, until = at(99) } = query
  const found = all.filter((event) =>
    (domain === undefined || event.domain === domain) && (status === undefined || event.to === status) &&
    event.tick >= fromTick && event.tick < toTick &&
    DateTime.isGreaterThanOrEqualTo(event.occurredAt, since) && DateTime.isLessThan(event.occurredAt, until)
  )
  return order === "oldest" ? found : found.toReversed()
}

const collect = (query: Repo.StreamQuery) => Repo.Repo.use((repo) => Stream.runCollect(repo.stream(query)))

const givesBack = always(Fields, ({ millis, ...given }) =>
  Effect.gen(function*() {
    const repo = yield* trail
    const event = makeEvent({ ...given, runId: nextId(), occurredAt: at(millis) })
    yield* repo.record([event])
    yield* equal(yield* repo.events({ runId: event.runId }), { events: [event], next: Option.none() })
  }))

const pages = always(Pages, ({ domain, pageSize, since, transitions, until, ...query }) =>
  Effect.gen(function*() {
    const repo = yield* trail
    const world = makeWorld()
    const all = transitions.map(world.toEvent)
    yield* repo.record(all)
    const asked = {
      ...query,
      runId: world.runId,
      domain: domain && world.name(domain),
      since: since === undefined ? undefined : at(since),
      until: until === undefined ? undefined : at(until)
    }
    const expected = matching(all, asked)
    yield* equal((yield* repo.events({ ...asked, limit: 1_000 })).events, expected)
    // By the pages of `events`, independent of the backend's `stream`.
    const paged = Repo.make(repo).stream({ ...asked, pageSize })
    yield* equal(yield* Stream.runCollect(paged), expected)
    yield* equal(yield* collect(asked), expected)
    for (const [i, { id }] of expected.entries()) {
      yield* equal(yield* collect({ ...asked, after: id }), expected.slice(i + 1))
    }
  }))

const concurrentWriters = Effect.gen(function*() {
  const repo = yield* trail
  const world = makeWorld()
  const names = Transition.fields.domain.literals
  const all = Array.from(
    { length: 200 },
    (_, i) => world.toEvent({ domain: names[i % 3]!, to: "active", tick: i, millis: i })
  )
  const batches = Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? all : all.slice(i * 10, i * 20)))
  yield* Effect.forEach(batches, repo.record, { concurrency: "unbounded", discard: true })
  yield* equal(yield* collect({ runId: world.runId, order: "oldest" }), all)
  yield* equal((yield* some(yield* repo.byDomainName(world.name("two")))).tickCount, 199)
})

const neverChanges = Effect.gen(function*() {
  const repo = yield* trail
  const event = makeEvent({ runId: nextId() })
  yield* repo.record([event])
  yield* repo.record([{ ...event, node: "node-2", tick: 2 }])
  yield* equal((yield* repo.events({ runId: event.runId })).events, [event])
  yield* equal((yield* some(yield* repo.byDomainName(event.domain))).tickCount, 1)
})

const cutsCause = Effect.gen(function*() {
  const repo = yield* trail
  const event = makeEvent({ runId: nextId(), cause: "x".repeat(maxCauseLength + 1) })
  yield* repo.record([event])
  yield* equal((yield* repo.events({ runId: event.runId })).events[0]?.cause, "x".repeat(maxCauseLength))
})

const limits = Effect.gen(function*() {
  const repo = yield* trail
  const runId = nextId()
  yield* repo.record(Array.from({ length: 1_001 }, () => makeEvent({ runId })))
  const sizeFor = (limit: number | undefined) => Effect.map(repo.events({ runId, limit }), (page) => page.events.length)
  const sizes = yield* Effect.forEach([undefined, 0, -5, 2.9, 1_001, 10 ** 9], sizeFor)
  yield* equal(sizes, [100, 1, 1, 2, 1_000, 1_000])
})

const foreignCursors = Effect.gen(function*() {
  const repo = yield* trail
  const runId = nextId()
  yield* repo.record([makeEvent({ runId }), makeEvent({ runId })])
  const page = yield* repo.events({ runId, limit: 1 })
  const cursor = yield* some(page.next)
  const refused = [
    { runId, cursor: "" },
    { runId, cursor: "n' or true --" },
    { runId, cursor: `${cursor}0` },
    { runId, cursor, order: "oldest" as const }
  ]
  for (const query of refused) {
    yield* matches(yield* Effect.flip(repo.events(query)), { _tag: "InvalidCursor", cursor: query.cursor })
  }
})

const activations = Effect.gen(function*() {
  const repo = yield* trail
  const runId = nextId()
  const all = (["active", "crashed", "active", "waiting"] as const).map((to) => makeEvent({ runId, to }))
  yield* repo.record(all)
  yield* equal(yield* repo.activationHistory(2), [all[2]!, all[0]!])
})

const prune = Effect.gen(function*() {
  const repo = yield* trail
  const runId = nextId()
  const times = [30, 10, 20, 40].map((millis) => DateTime.makeUnsafe(millis))
  const events = times.map((occurredAt) => makeEvent({ runId, occurredAt }))
  yield* repo.record(events)
  const left = Effect.map(repo.events({ runId, order: "oldest" }), (page) => page.events)
  yield* equal(yield* repo.prune(times[3]!, 2), 2)
  yield* equal(yield* left, [events[0]!, events[3]!])
  yield* equal(yield* repo.prune(times[3]!), 1)
  yield* equal(yield* repo.prune(times[3]!), 0)
  yield* equal(yield* left, [events[3]!])
})

/** The laws of transitions: how they are recorded, read and pruned. */
export const laws = {
  "gives a transition back as it was recorded": givesBack,
  "gives page by page and as a stream, whatever the size of the pages, what it gives at once": pages,
  "keeps every transition once when several writers send the same batches at the same time": concurrentWriters,
  "never changes a transition that is there": neverChanges,
  "cuts a cause that is too long": cutsCause,
  "has nothing to do for an empty batch": Effect.flatMap(trail, (repo) => repo.record([])),
  "keeps the limit of a page within 1 and 1,000, and takes 100 without one": limits,
  "refuses a cursor that it has not given out for that order": foreignCursors,
  "finds nothing for a run that cannot be": Effect.gen(function*() {
    const repo = yield* trail
    yield* equal(yield* repo.events({ runId: "yesterday's" }), { events: [], next: Option.none() })
  }),
  "gives the newest activations, newest first": activations,
  "prunes the oldest transitions from before a moment, as many at a time as it is told": prune
}
