import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Client } from "../../src/control/Client.ts"
import * as EventFeed from "../../src/control/EventFeed.ts"
import type { StreamEvent } from "../../src/control/StreamEvent.ts"
import * as StreamQueue from "../../src/control/StreamQueue.ts"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import * as SystemPubSub from "../../src/heartbeat/SystemPubSub.ts"
import * as Domain from "../../src/model/Domain.ts"
import { DomainEvent } from "../../src/model/DomainEvent.ts"
import * as CurrentRun from "../../src/trail/CurrentRun.ts"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"
import { Outbox } from "../../src/trail/Outbox.ts"
import { Repo, RepoUnavailable } from "../../src/trail/Repo.ts"
import * as RepoModule from "../../src/trail/Repo.ts"
import { RepoWriter } from "../../src/trail/RepoWriter.ts"
import { awaitStates, tick, trail } from "../support/app.ts"
import { awaitState, settle } from "../support/awaitState.ts"
import { bus as fullBus } from "../support/bus.ts"
import { event, tick as makeTick } from "../support/values.ts"
import { served } from "./support.ts"

const store = Domain.make("store", { layer: Layer.empty })
const shop = Domain.make("shop", { dependsOn: [store], layer: Layer.empty })
const both = served([store, shop])
const started = Effect.andThen(tick, awaitStates({ store: "active", shop: "active" }))

const brief = (seen: StreamEvent): string => {
  switch (seen.event) {
    case "domain":
      return `${seen.data.domain} ${seen.data.to}`
    case "tick":
      return `tick ${seen.data.count}`
    case "gap":
      return `gap ${seen.data.reason} ${seen.data.missed}`
    case "hello":
      return "hello"
  }
}

type Query = Parameters<Client["Service"]["events"]["stream"]>[0]["query"]

/** The first events of a stream, in short. */
const first = (count: number, query: Query = {}) =>
  Client.use((client) =>
    client.events.stream({ query, headers: {} }).pipe(
      Effect.flatMap((stream) => Stream.runCollect(Stream.take(stream, count))),
      Effect.map((events) => Array.from(events, brief))
    )
  )

/** Follows in the background, from the moment the stream has begun. */
const following = (count: number, query?: Query) =>
  Effect.gen(function*() {
    const before = (yield* (yield* Client).system.stats()).followers
    const fiber = yield* Effect.forkChild(first(count, query))
    const client = yield* Client
    yield* awaitState(
      "one more follows",
      Effect.map(client.system.stats(), ({ followers }) => followers > before)
    )
    return fiber
  })

describe("the live stream", () => {
  it.live("tells ticks and transitions as they come, greeting first", () =>
    Effect.gen(function*() {
      const all = yield* following(6)
      const some = yield* following(2, { domain: "shop", ticks: "false" })
      const active = yield* following(3, { status: "active", ticks: "false" })
      yield* started
      assert.deepStrictEqual(
        new Set(yield* Fiber.join(all)),
        new Set(["hello", "tick 1", "store activating", "store active", "shop activating", "shop active"])
      )
      assert.deepStrictEqual(yield* Fiber.join(some), ["hello", "shop activating"])
      assert.deepStrictEqual(yield* Fiber.join(active), ["hello", "store active", "shop active"])
    }).pipe(Effect.provide(both)))

  it.live("goes on behind the transition that a client saw last", () =>
    Effect.gen(function*() {
      yield* started
      const [seen] = yield* trail
      assert.deepStrictEqual(yield* first(4, { lastEventId: seen!.id }), [
        "hello",
        "store active",
        "shop activating",
        "shop active"
      ])
      assert.deepStrictEqual(yield* first(2, { lastEventId: seen!.id, status: "active", domain: "shop" }), [
        "hello",
        "shop active"
      ])
    }).pipe(Effect.provide(both)))

  it.live("forgets a client that has gone", () =>
    Effect.gen(function*() {
      const client = yield* Client
      const fiber = yield* following(10)
      yield* Fiber.interrupt(fiber)
      yield* awaitState("nobody follows", Effect.map(client.system.stats(), ({ followers }) => followers === 0))
    }).pipe(Effect.provide(both)))
})

/** A feed over a bus that a test fills by hand. */
const feed = (options: EventFeed.EventFeedOptions, repo: Layer.Layer<Repo | RepoWriter> = MemoryRepo.layer) =>
  EventFeed.layer(options).pipe(
    Layer.provideMerge(Layer.mergeAll(
      repo,
      SystemPubSub.layer,
      CurrentRun.layer(),
      Layer.mock(DomainRegistry, { currentTick: Effect.succeed(0), lookup: () => undefined }),
      Layer.mock(Outbox, { flush: Effect.void })
    ))
  )

const publish = (...numbers: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const pubsub = yield* fullBus
    for (const n of numbers) yield* pubsub.publish("system:domain_event", event(n))
    yield* settle
  })

/** Reads a stream by hand: each call gives what has come since, as ids and names of events. */
const reader = (options: StreamQueue.FollowOptions) =>
  Effect.gen(function*() {
    const stream = yield* EventFeed.EventFeed.use(({ follow }) => follow(options))
    const pull = yield* Stream.toPull(stream)
    return Effect.map(pull, (chunks) =>
      chunks.map((bytes) =>
        new TextDecoder().decode(bytes)
      ).join("").split("\n").filter((line) =>
        line.startsWith("id:") || line.startsWith("event:") && line !== "event: domain" || line.startsWith(":") ||
        line.includes("missed")
      ))
  })

const id = (n: number) => `id: ${event(n).id}`

describe("the feed", () => {
  it.effect("drops the oldest for one who does not read, says how many, and keeps nobody else waiting", () =>
    Effect.gen(function*() {
      const slow = yield* reader({})
      const quick = yield* reader({})
      assert.deepStrictEqual([yield* slow, yield* quick], [["event: hello"], ["event: hello"]])
      for (const n of [1, 2, 3, 4, 5]) {
        yield* publish(n)
        assert.deepStrictEqual(yield* quick, [id(n)])
      }
      assert.deepStrictEqual(yield* slow, [
        "event: gap",
        `data: {"reason":"slow","missed":3,"detail":"3 transitions were dropped: read them as history"}`,
        id(4)
      ])
      assert.deepStrictEqual(yield* slow, [id(5)])
    }).pipe(Effect.scoped, Effect.provide(feed({ buffer: 2 }))))

  it.effect("gives a slow reader only the newest tick", () =>
    Effect.gen(function*() {
      const read = yield* reader({})
      yield* read
      const pubsub = yield* fullBus
      for (const count of [1, 2, 3]) yield* pubsub.publish("system:domain_tick", makeTick(count))
      yield* settle
      assert.deepStrictEqual(yield* read, ["event: tick"])
      yield* publish(1)
      assert.deepStrictEqual(yield* read, [id(1)])
    }).pipe(Effect.scoped, Effect.provide(feed({}))))

  it.effect("keeps a quiet stream open with a comment every 15 seconds", () =>
    Effect.gen(function*() {
      const read = yield* reader({})
      yield* read
      yield* settle
      const next = yield* Effect.forkChild(read)
      yield* TestClock.adjust("14 seconds")
      assert.isUndefined(next.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(next), [": still here"])
    }).pipe(Effect.scoped, Effect.provide(feed({}))))

  it.effect("reads from the trail what is not in memory any more, and tells nothing twice", () =>
    Effect.gen(function*() {
      yield* RepoWriter.use((writer) => writer.record([1, 2, 3, 4].map((n) => event(n))))
      const read = yield* reader({ after: event(2).id })
      assert.deepStrictEqual([...(yield* read), ...(yield* read)], ["event: hello", id(3), id(4)])
      yield* publish(5)
      assert.deepStrictEqual(yield* read, [id(5)])
    }).pipe(Effect.scoped, Effect.provide(feed({}))))

  it.effect("tells nothing twice of what happens while the trail is read", () => {
    const reading = Latch.makeUnsafe()
    const slow = Layer.effect(
      Repo,
      Effect.map(
        Repo,
        (repo) => RepoModule.make({ ...repo, events: (query) => Effect.andThen(reading.await, repo.events(query)) })
      )
    ).pipe(Layer.provideMerge(MemoryRepo.layer))
    return Effect.gen(function*() {
      yield* RepoWriter.use((writer) => writer.record([1, 2, 3].map((n) => event(n))))
      const read = yield* reader({ after: event(1).id })
      assert.deepStrictEqual(yield* read, ["event: hello"])
      const past = yield* Effect.forkChild(read)
      yield* settle
      yield* publish(3)
      yield* publish(4)
      reading.openUnsafe()
      assert.deepStrictEqual([...(yield* Fiber.join(past)), ...(yield* read), ...(yield* publish(5), yield* read)], [
        id(2),
        id(3),
        id(4),
        id(5)
      ])
    }).pipe(Effect.scoped, Effect.provide(feed({}, slow)))
  })

  it.effect("reads the trail no faster than the client takes it, and says when that is not all", () => {
    let pages = 0
    const counted = Layer.effect(
      Repo,
      Effect.map(Repo, (repo) =>
        RepoModule.make({
          ...repo,
          events: (query) => Effect.andThen(Effect.sync(() => void pages++), repo.events(query))
        }))
    ).pipe(Layer.provideMerge(MemoryRepo.layer))
    return Effect.gen(function*() {
      yield* RepoWriter.use((writer) => writer.record(Array.from({ length: 10_500 }, (_, n) => event(n + 1))))
      const read = yield* reader({ after: event(1).id })
      yield* read
      assert.deepStrictEqual([(yield* read).length, pages], [1_000, 1])
      for (let page = 2; page <= 10; page++) assert.deepStrictEqual([(yield* read).length, pages], [1_000, page])
      const [gap, told] = yield* read
      assert.strictEqual(gap, "event: gap")
      assert.include(told, "More than 10000 transitions")
    }).pipe(Effect.scoped, Effect.provide(feed({}, counted)))
  })

  it.effect("says that something is missing when the trail cannot be read", () =>
    Effect.gen(function*() {
      const read = yield* reader({ after: event(2).id })
      const [hello, gap, told] = [...(yield* read), ...(yield* read)]
      assert.deepStrictEqual([hello, gap], ["event: hello", "event: gap"])
      assert.include(told, `"reason":"trail","missed":null`)
    }).pipe(
      Effect.scoped,
      Effect.provide(feed(
        {},
        Layer.effect(
          Repo,
          Effect.map(Repo, (repo) =>
            RepoModule.make({
              ...repo,
              events: () => Effect.fail(new RepoUnavailable({ operation: "events", detail: "away", cause: undefined }))
            }))
        ).pipe(Layer.provideMerge(MemoryRepo.layer))
      ))
    ))

  it.effect("refuses more followers than it may have, and takes others when one has gone", () =>
    Effect.gen(function*() {
      const { follow, followers } = yield* EventFeed.EventFeed
      yield* Effect.scoped(Effect.gen(function*() {
        yield* yield* reader({})
        assert.strictEqual(followers(), 1)
        assert.containsSubset(yield* Effect.flip(follow({})), { _tag: "Unavailable", status: 503 })
      }))
      assert.strictEqual(followers(), 0)
      assert.isTrue(Stream.isStream(yield* follow({})))
    }).pipe(Effect.provide(feed({ followers: 1 }))))

  it.effect("ends its streams after what was still to tell", () =>
    Effect.gen(function*() {
      const { end, follow } = yield* EventFeed.EventFeed
      const stream = yield* follow({})
      const all = yield* Effect.forkChild(Stream.runCount(stream))
      yield* settle
      yield* publish(1)
      yield* end
      assert.strictEqual(yield* Fiber.join(all), 2)
      assert.containsSubset(yield* Effect.flip(follow({})), { detail: "The program is shutting down" })
    }).pipe(Effect.provide(feed({}))))

  it.effect.prop(
    "encodes a transition as its schema does",
    { transition: DomainEvent },
    ({ transition }) =>
      Effect.gen(function*() {
        const encoded = yield* Schema.encodeEffect(DomainEvent)(transition)
        const sent = new TextDecoder().decode(StreamQueue.frames([transition]))
        assert.deepStrictEqual(JSON.parse(/^data: (.*)\n\n$/m.exec(sent)![1]!), JSON.parse(JSON.stringify(encoded)))
      })
  )
})
