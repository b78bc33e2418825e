import { describe, expect, it } from "@effect/vitest"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { DomainEvent, maxCauseLength } from "../../src/model/DomainEvent.ts"
import { StatusName } from "../../src/model/DomainStatus.ts"
import { afterEvent } from "../../src/trail/Projection.ts"
import { type RegistryRow, registryStatus, Repo, type Run, type StreamQuery } from "../../src/trail/Repo.ts"

const nextId = SecureRandom.uuidV7Unsafe
const at = (millis: number) => DateTime.makeUnsafe(Date.UTC(2026, 0, 1) + millis)

/** A transition with everything set, newer than every one before. */
export const makeEvent = (fields: Partial<DomainEvent> = {}): DomainEvent => ({
  id: nextId(),
  runId: "0198c5a0-0000-7000-8000-000000000001",
  node: "node-1",
  domain: "thunderflow",
  generation: 1,
  epoch: 1,
  tick: 1,
  wave: 0,
  from: "activating",
  to: "active",
  reason: "activated",
  cause: null,
  durationMs: 1.5,
  metadata: { lane: 3 },
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  occurredAt: at(0),
  ...fields
})

/** What a text column can hold. */
const Text = Schema.String.check(
  Schema.makeFilter((text) => text.isWellFormed() && !text.includes("\u0000"))
)

/** Numbers that a column gives back as they were: none keeps the sign of zero. */
const signless = Schema.makeFilter((n: number) => !Object.is(n, -0))
const Natural = Schema.Natural.check(signless)
const Int32 = Natural.check(Schema.isLessThan(2 ** 31))

/** A transition's fields that no law speaks of, from their whole range. */
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

/** One transition in a small world, so that filters and projections meet. */
const Transition = Schema.Struct({
  domain: Schema.Literals(["one", "two", "three"]),
  to: StatusName,
  tick: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })),
  millis: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))
})
const Transitions = Schema.Array(Transition)
const Batch = Schema.Struct({ transitions: Transitions, again: Schema.Boolean })

const Small = Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10 })))
const Query = Schema.Struct({
  domain: Schema.optional(Transition.fields.domain),
  status: Schema.optional(StatusName),
  fromTick: Small,
  toTick: Small,
  since: Small,
  until: Small,
  order: Schema.optional(Schema.Literals(["newest", "oldest"]))
})

/** Each world is a run and a set of domain names of its own, so that all can share one database. */
const makeWorld = () => {
  const runId = nextId()
  const name = (domain: string) => `${domain}@${runId}`
  const toEvent = (transition: typeof Transition.Type) =>
    makeEvent({
      runId,
      domain: name(transition.domain),
      to: transition.to,
      tick: transition.tick,
      occurredAt: at(transition.millis)
    })
  return { runId, name, toEvent }
}

const readAll = (query: StreamQuery) => Repo.use((repo) => Stream.runCollect(repo.stream(query)))

/** A run that was heard of for the last time long ago. */
const makeRun = (): Run => ({
  runId: nextId(),
  app: "app",
  node: "node-1",
  version: "1.0.0",
  startedAt: at(0),
  lastSeenAt: at(60_000),
  endedAt: null,
  exitReason: null
})

const withoutId = ({ id: _, ...row }: RegistryRow) => row

/** What every backend of the `Repo` does. `layer` gives one that may hold rows of others. */
export const suite = (name: string, layer: Layer.Layer<Repo, unknown>): void => {
  describe(name, () => {
    it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
      const check = { arbitrary: { runs: 40 } }

      it.effect.prop("gives a transition back as it was recorded", [Fields], ([fields]) =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const { millis, ...given } = fields
          const event = makeEvent({ ...given, runId: nextId(), occurredAt: at(millis) })
          yield* repo.record([event])
          const page = yield* repo.events({ runId: event.runId })
          expect(page).toEqual({ events: [event], next: Option.none() })
        }), check)

      it.effect.prop(
        "keeps each transition once and in order, and of each domain the last, however often a batch is sent",
        [Schema.Array(Batch)],
        ([batches]) =>
          Effect.gen(function*() {
            const repo = yield* Repo
            const world = makeWorld()
            const sent: Array<ReadonlyArray<DomainEvent>> = []
            for (const { again, transitions } of batches) {
              const batch = transitions.map(world.toEvent)
              yield* repo.record(batch)
              sent.push(batch)
              if (again) yield* repo.record(sent[sent.length >> 1]!)
            }
            const all = sent.flat()
            expect(yield* readAll({ runId: world.runId, order: "oldest" })).toEqual(all)
            for (const domain of Transition.fields.domain.literals.map(world.name)) {
              const expected = all.filter((event) => event.domain === domain)
                .reduce<RegistryRow | undefined>(afterEvent, undefined)
              const row = yield* repo.byDomainName(domain)
              expect(Option.map(row, withoutId)).toEqual(
                Option.map(Option.fromUndefinedOr(expected), withoutId)
              )
            }
          }),
        check
      )

      it.effect.prop(
        "gives page by page, whatever their size, what it gives at once",
        [Transitions, Query, Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 7 }))],
        ([transitions, { since, until, ...query }, limit]) =>
          Effect.gen(function*() {
            const repo = yield* Repo
            const world = makeWorld()
            const all = transitions.map(world.toEvent)
            yield* repo.record(all)
            const asked = {
              ...query,
              runId: world.runId,
              domain: query.domain && world.name(query.domain),
              since: since === undefined ? undefined : at(since),
              until: until === undefined ? undefined : at(until)
            }
            const matching = all.filter((event) =>
              (asked.domain === undefined || event.domain === asked.domain) &&
              (asked.status === undefined || event.to === asked.status) &&
              event.tick >= (asked.fromTick ?? 0) && event.tick < (asked.toTick ?? 99) &&
              DateTime.toEpochMillis(event.occurredAt) >= DateTime.toEpochMillis(at(since ?? 0)) &&
              DateTime.toEpochMillis(event.occurredAt) < DateTime.toEpochMillis(at(until ?? 99))
            )
            const expected = asked.order === "oldest" ? matching : matching.toReversed()
            expect((yield* repo.events({ ...asked, limit: 1_000 })).events).toEqual(expected)
            expect(yield* readAll({ ...asked, pageSize: limit })).toEqual(expected)
            for (const [i, { id }] of expected.entries()) {
              expect(yield* readAll({ ...asked, after: id })).toEqual(expected.slice(i + 1))
            }
          }),
        check
      )

      it.effect("keeps every transition once when several writers send the same batches at the same time", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const world = makeWorld()
          const all = Array.from(
            { length: 200 },
            (_, i) =>
              world.toEvent({ domain: (["one", "two", "three"] as const)[i % 3]!, to: "active", tick: i, millis: i })
          )
          const batches = Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? all : all.slice(i * 10, i * 20)))
          yield* Effect.forEach(batches, repo.record, { concurrency: "unbounded", discard: true })
          expect(yield* readAll({ runId: world.runId, order: "oldest" })).toEqual(all)
          expect(Option.getOrThrow(yield* repo.byDomainName(world.name("two"))).tickCount).toBe(199)
        }))

      it.effect("tells the seven states in the four words of the status column, the exact one in the metadata", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const { runId } = makeWorld()
          for (const to of StatusName.literals) {
            const event = makeEvent({ runId, domain: `${to}@${runId}`, to })
            yield* repo.record([event])
            const row = Option.getOrThrow(yield* repo.byDomainName(event.domain))
            expect(row.status).toBe(registryStatus(to))
            expect(row.metadata).toMatchObject({ state: to, generation: 1, reason: "activated", runId, node: "node-1" })
            expect(row.activatedAt).toEqual(to === "active" ? event.occurredAt : null)
          }
        }))

      it.effect("leaves a row alone when an older transition comes late", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const world = makeWorld()
          const older = world.toEvent({ domain: "one", to: "active", tick: 1, millis: 5 })
          const newer = world.toEvent({ domain: "one", to: "crashed", tick: 2, millis: 1 })
          yield* repo.record([newer])
          yield* repo.record([older])
          const row = Option.getOrThrow(yield* repo.byDomainName(world.name("one")))
          expect(row).toMatchObject({ status: "crashed", tickCount: 2, activatedAt: null })
          expect(yield* readAll({ runId: world.runId, order: "oldest" })).toEqual([older, newer])
        }))

      it.effect("never changes a transition that is there", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const event = makeEvent({ runId: nextId() })
          yield* repo.record([event])
          yield* repo.record([{ ...event, node: "node-2", tick: 2 }])
          expect((yield* repo.events({ runId: event.runId })).events).toEqual([event])
          expect(Option.getOrThrow(yield* repo.byDomainName(event.domain)).tickCount).toBe(1)
        }))

      it.effect("lets a transition change a row that was not made by one, and keeps what else is in its metadata", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const world = makeWorld()
          const before = yield* repo.recordActivation(world.name("one"), 1, { zone: "a" })
          const event = world.toEvent({ domain: "one", to: "crashed", tick: 2, millis: 0 })
          yield* repo.record([event])
          expect(Option.getOrThrow(yield* repo.byDomainName(world.name("one")))).toMatchObject({
            id: before.id,
            status: "crashed",
            tickCount: 2,
            metadata: { zone: "a", state: "crashed" },
            activatedAt: before.activatedAt
          })
        }))

      it.effect("cuts a cause that is too long", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const event = makeEvent({ runId: nextId(), cause: "x".repeat(maxCauseLength + 1) })
          yield* repo.record([event])
          expect((yield* repo.events({ runId: event.runId })).events[0]!.cause).toBe("x".repeat(maxCauseLength))
        }))

      it.effect("has nothing to do for an empty batch", () =>
        Effect.gen(function*() {
          yield* (yield* Repo).record([])
        }))

      it.effect("keeps the limit of a page within 1 and 1,000, and takes 100 without one", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const runId = nextId()
          yield* repo.record(Array.from({ length: 1_001 }, () => makeEvent({ runId })))
          const sizeFor = (limit: number | undefined) =>
            Effect.map(repo.events({ runId, limit }), (page) => page.events.length)
          expect(yield* Effect.forEach([undefined, 0, -5, 2.9, 1_001, 10 ** 9], sizeFor))
            .toEqual([100, 1, 1, 2, 1_000, 1_000])
        }))

      it.effect("refuses a cursor that it has not given out for that order", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const runId = nextId()
          yield* repo.record([makeEvent({ runId }), makeEvent({ runId })])
          const page = yield* repo.events({ runId, limit: 1 })
          const cursor = Option.getOrThrow(page.next)
          const refusals = [
            { runId, cursor: "" },
            { runId, cursor: "n' or true --" },
            { runId, cursor: `${cursor}0` },
            { runId, cursor, order: "oldest" as const }
          ]
          for (const query of refusals) {
            expect(yield* Effect.flip(repo.events(query))).toMatchObject({
              _tag: "InvalidCursor",
              cursor: query.cursor
            })
          }
        }))

      it.effect("finds nothing for a run that cannot be", () =>
        Effect.gen(function*() {
          const page = yield* (yield* Repo).events({ runId: "yesterday's" })
          expect(page).toEqual({ events: [], next: Option.none() })
        }))

      it.effect("gives the newest activations, newest first", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const runId = nextId()
          const all = (["active", "crashed", "active", "waiting"] as const).map((to) => makeEvent({ runId, to }))
          yield* repo.record(all)
          expect(yield* repo.activationHistory(2)).toEqual([all[2], all[0]])
        }))

      it.effect("records an activation, then a status, and merges the metadata", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const domain = makeWorld().name("one")
          expect(yield* repo.byDomainName(domain)).toEqual(Option.none())
          const first = yield* repo.recordActivation(domain, 3, { zone: "a", port: 1 })
          expect(first).toMatchObject({ domainName: domain, status: "active", tickCount: 3 })
          expect(first.activatedAt).toEqual(first.updatedAt)
          const second = yield* repo.updateStatus(domain, "crashed", 7, { port: 2 })
          expect(second).toMatchObject({
            id: first.id,
            status: "crashed",
            tickCount: 7,
            metadata: { zone: "a", port: 2 },
            activatedAt: first.activatedAt
          })
          expect(yield* repo.byDomainName(domain)).toEqual(Option.some(second))
        }))

      it.effect("makes the row of a domain whose status is changed before it was ever active", () =>
        Effect.gen(function*() {
          const row = yield* (yield* Repo).updateStatus(makeWorld().name("one"), "restarting", 1)
          expect(row).toMatchObject({ status: "restarting", activatedAt: null, metadata: {} })
        }))

      it.effect("lists the domains by name, and apart those that are active", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const world = makeWorld()
          const of = (rows: ReadonlyArray<RegistryRow>) =>
            rows.map((row) => row.domainName).filter((name) => name.endsWith(world.runId))
          for (const domain of ["two", "one", "three"]) yield* repo.recordActivation(world.name(domain), 1)
          yield* repo.updateStatus(world.name("one"), "inactive", 2)
          expect(of(yield* repo.listDomains)).toEqual(["one", "three", "two"].map(world.name))
          expect(of(yield* repo.listActive)).toEqual(["three", "two"].map(world.name))
        }))

      it.effect("is claimed by one of eight programs that start at once, and then by the next", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const programs = Array.from({ length: 8 }, () => makeRun())
          const scope = yield* Scope.make()
          const claims = yield* Effect.forEach(
            programs,
            (run) => Effect.result(Scope.provide(repo.claimRun(run, Duration.seconds(15)), scope)),
            { concurrency: "unbounded" }
          )
          const winner = programs[claims.findIndex(Result.isSuccess)]!
          const refusals = claims.flatMap((claim) => (Result.isFailure(claim) ? [claim.failure] : []))
          expect(refusals.map((error) => error._tag)).toEqual(Array.from({ length: 7 }, () => "RunInUse"))
          expect(refusals[0]).toMatchObject({
            runId: winner.runId,
            app: "app",
            node: "node-1",
            since: winner.startedAt
          })
          const begun = (yield* repo.runs(8)).filter((run) => programs.some((one) => one.runId === run.runId))
          expect(begun).toMatchObject([{ runId: winner.runId, endedAt: null }])
          yield* Scope.close(scope, Exit.void)
          yield* repo.endRun(winner.runId, yield* DateTime.now, "shutdown")
          yield* Effect.scoped(repo.claimRun(programs[0]!, Duration.seconds(15)))
          yield* repo.endRun(programs[0]!.runId, yield* DateTime.now, "shutdown")
        }))

      it.effect("closes a run that ended without a word as lost, and its domains are not active any more", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const [dead, next] = [makeRun(), makeRun()]
          yield* repo.beginRun(dead)
          const rows = (["active", "restarting", "activating", "crashed", "inactive"] as const)
            .map((to) => makeEvent({ runId: dead.runId, domain: `${to}@${dead.runId}`, to }))
          yield* repo.record(rows)
          yield* Effect.scoped(repo.claimRun(next, Duration.seconds(15)))
          const closed = (yield* repo.runs(1_000)).find((run) => run.runId === dead.runId)
          expect(closed).toEqual({ ...dead, endedAt: dead.lastSeenAt, exitReason: "lost" })
          const after = yield* Effect.forEach(rows, ({ domain }) =>
            Effect.map(repo.byDomainName(domain), (row) => {
              const { metadata, status } = Option.getOrThrow(row)
              return [status, metadata["state"], metadata["reason"]]
            }))
          expect(after).toEqual([
            ["inactive", "inactive", "lost"],
            ["inactive", "inactive", "lost"],
            ["inactive", "inactive", "lost"],
            ["crashed", "crashed", "activated"],
            ["inactive", "inactive", "activated"]
          ])
          yield* repo.endRun(next.runId, yield* DateTime.now, "shutdown")
        }))

      it.effect("keeps the transitions of a run that has ended, but leaves the rows alone", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const run = makeRun()
          const domain = `zombie@${run.runId}`
          const before = makeEvent({ runId: run.runId, domain, to: "crashed" })
          const late = makeEvent({ runId: run.runId, domain, to: "active" })
          yield* repo.beginRun(run)
          yield* repo.record([before])
          yield* repo.endRun(run.runId, at(0), "lost")
          yield* repo.record([late])
          expect((yield* repo.events({ runId: run.runId, order: "oldest" })).events).toEqual([before, late])
          expect(Option.getOrThrow(yield* repo.byDomainName(domain))).toMatchObject({ status: "crashed" })
        }))

      it.effect("goes on with a run that had been closed when its program claims it again", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const run = makeRun()
          yield* repo.beginRun({ ...run, endedAt: run.lastSeenAt, exitReason: "lost" })
          yield* Effect.scoped(Effect.gen(function*() {
            const claim = yield* repo.claimRun(run, Duration.seconds(15))
            yield* claim.renew
            const now = (yield* repo.runs(1_000)).find((one) => one.runId === run.runId)!
            expect(now).toMatchObject({ endedAt: null, exitReason: null })
            expect(DateTime.isGreaterThan(now.lastSeenAt, run.lastSeenAt)).toBe(true)
          }))
          yield* repo.endRun(run.runId, yield* DateTime.now, "shutdown")
        }))

      it.effect("prunes the oldest transitions from before a moment, as many at a time as it is told", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const { runId } = makeWorld()
          const times = [30, 10, 20, 40].map((millis) => DateTime.makeUnsafe(millis))
          const events = times.map((occurredAt) => makeEvent({ runId, occurredAt }))
          yield* repo.record(events)
          const left = Effect.map(repo.events({ runId, order: "oldest" }), (page) => page.events)
          expect(yield* repo.prune(times[3]!, 2)).toBe(2)
          expect(yield* left).toEqual([events[0], events[3]])
          expect(yield* repo.prune(times[3]!)).toBe(1)
          expect(yield* repo.prune(times[3]!)).toBe(0)
          expect(yield* left).toEqual([events[3]])
        }))

      it.effect("opens a run once, renews its lease, never back, and ends it", () =>
        Effect.gen(function*() {
          const repo = yield* Repo
          const make = (minute: number): Run => ({
            runId: nextId(),
            app: "app",
            node: "node-1",
            version: "1.0.0",
            startedAt: at(10 ** 11 + minute * 60_000),
            lastSeenAt: at(10 ** 11 + minute * 60_000),
            endedAt: null,
            exitReason: null
          })
          const [first, second] = [make(1), make(2)]
          yield* repo.beginRun(first)
          yield* repo.beginRun(second)
          yield* repo.beginRun({ ...first, app: "another" })
          expect(yield* repo.runs(2)).toEqual([second, first])
          const later = at(10 ** 11 + 10 ** 6)
          yield* repo.renewRun(first.runId, later)
          yield* repo.renewRun(first.runId, first.startedAt)
          yield* repo.endRun(second.runId, later, "SIGTERM")
          expect(yield* repo.runs(2)).toEqual([
            { ...second, lastSeenAt: later, endedAt: later, exitReason: "SIGTERM" },
            { ...first, lastSeenAt: later }
          ])
        }))
    })
  })
}
