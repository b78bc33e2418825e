import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { DomainEvent } from "../model/DomainEvent.ts"
import { StatusName } from "../model/DomainStatus.ts"
import { afterEvent, type RegistryRow, registryStatus } from "../trail/Projection.ts"
import { always, equal, matches, some } from "./Expect.ts"
import { makeEvent, makeWorld, trail, Transition } from "./TrailSamples.ts"

const Batch = Schema.Struct({ transitions: Schema.Array(Transition), again: Schema.Boolean })

const withoutId = ({ id: _, ...row }: RegistryRow) => row

const lastOfEach = always(Schema.Array(Batch), (batches) =>
  Effect.gen(function*() {
    const repo = yield* trail
    const world = makeWorld()
    const sent: Array<ReadonlyArray<DomainEvent>> = []
    for (const { again, transitions } of batches) {
      const batch = transitions.map(world.toEvent)
      yield* repo.record(batch)
      sent.push(batch)
      if (again) yield* repo.record(sent[sent.length >> 1]!)
    }
    const all = sent.flat()
    yield* equal(yield* Stream.runCollect(repo.stream({ runId: world.runId, order: "oldest" })), all)
    for (const domain of Transition.fields.domain.literals.map(world.name)) {
      const expected = all.filter((event) => event.domain === domain)
        .reduce<RegistryRow | undefined>(afterEvent, undefined)
      const row = yield* repo.byDomainName(domain)
      yield* equal(Option.map(row, withoutId), Option.map(Option.fromUndefinedOr(expected), withoutId))
    }
  }))

const sevenStates = Effect.gen(function*() {
  const repo = yield* trail
  const { runId } = makeWorld()
  for (const to of StatusName.literals) {
    const event = makeEvent({ runId, domain: `${to}@${runId}`, to })
    yield* repo.record([event])
    yield* matches(yield* some(yield* repo.byDomainName(event.domain)), {
      status: registryStatus(to),
      metadata: { state: to, generation: 1, reason: "activated", runId, node: "node-1" },
      activatedAt: to === "active" ? event.occurredAt : null
    })
  }
})

const olderComesLate = Effect.gen(function*() {
  const repo = yield* trail
  const world = makeWorld()
  const older = world.toEvent({ domain: "one", to: "active", tick: 1, millis: 5 })
  const newer = world.toEvent({ domain: "one", to: "crashed", tick: 2, millis: 1 })
  yield* repo.record([newer])
  yield* repo.record([older])
  const row = yield* some(yield* repo.byDomainName(world.name("one")))
  yield* matches(row, { status: "crashed", tickCount: 2, activatedAt: null })
  yield* equal(yield* Stream.runCollect(repo.stream({ runId: world.runId, order: "oldest" })), [older, newer])
})

const keepsMetadata = Effect.gen(function*() {
  const repo = yield* trail
  const world = makeWorld()
  const before = yield* repo.recordActivation(world.name("one"), 1, { zone: "a" })
  yield* repo.record([world.toEvent({ domain: "one", to: "crashed", tick: 2, millis: 0 })])
  yield* matches(yield* some(yield* repo.byDomainName(world.name("one"))), {
    id: before.id,
    status: "crashed",
    tickCount: 2,
    metadata: { zone: "a", state: "crashed" },
    activatedAt: before.activatedAt
  })
})

const activationThenStatus = Effect.gen(function*() {
  const repo = yield* trail
  const domain = makeWorld().name("one")
  yield* equal(yield* repo.byDomainName(domain), Option.none())
  const first = yield* repo.recordActivation(domain, 3, { zone: "a", port: 1 })
  yield* matches(first, { domainName: domain, status: "active", tickCount: 3, activatedAt: first.updatedAt })
  const second = yield* repo.updateStatus(domain, "crashed", 7, { port: 2 })
  yield* matches(second, {
    id: first.id,
    status: "crashed",
    tickCount: 7,
    metadata: { zone: "a", port: 2 },
    activatedAt: first.activatedAt
  })
  yield* equal(yield* repo.byDomainName(domain), Option.some(second))
})

const lists = Effect.gen(function*() {
  const repo = yield* trail
  const world = makeWorld()
  const of = (rows: ReadonlyArray<RegistryRow>) =>
    rows.map((row) => row.domainName).filter((name) => name.endsWith(world.runId))
  for (const domain of ["two", "one", "three"]) yield* repo.recordActivation(world.name(domain), 1)
  yield* repo.updateStatus(world.name("one"), "inactive", 2)
  yield* equal(of(yield* repo.listDomains), ["one", "three", "two"].map(world.name))
  yield* equal(of(yield* repo.listActive), ["three", "two"].map(world.name))
})

/** The laws of the rows of the present. */
export const laws = {
  "keeps each transition once and in order, and of each domain the last, however often a batch is sent": lastOfEach,
  "tells the seven states in the four values of the status column, the exact one in the metadata": sevenStates,
  "leaves a row alone when an older transition comes late": olderComesLate,
  "lets a transition change a row that was not made by one, and keeps what else is in its metadata": keepsMetadata,
  "records an activation, then a status, and merges the metadata": activationThenStatus,
  "makes the row of a domain whose status is changed before it was ever active": Effect.gen(function*() {
    const repo = yield* trail
    const row = yield* repo.updateStatus(makeWorld().name("one"), "restarting", 1)
    yield* matches(row, { status: "restarting", activatedAt: null })
    yield* equal(row.metadata, {})
  }),
  "lists the domains by name, and apart those that are active": lists
}
