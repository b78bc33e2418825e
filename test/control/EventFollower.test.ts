import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { Client } from "../../src/control/Client.ts"
import * as EventFollower from "../../src/control/EventFollower.ts"
import type { StreamEvent } from "../../src/control/StreamEvent.ts"
import { settle } from "../support/awaitState.ts"
import { event } from "../support/values.ts"

const hello: StreamEvent = {
  event: "hello",
  data: { runId: "run", node: "node", app: "app", version: "1", tick: 0 }
}
const moved = (n: number): StreamEvent => ({ id: event(n).id, event: "domain", data: event(n) })
const gap: StreamEvent = { event: "gap", data: { reason: "slow", missed: 2, detail: "2 transitions were dropped" } }

/** What one connection gives: events and then silence, or its end, or no connection. */
type Connection =
  | { readonly events: ReadonlyArray<StreamEvent>; readonly end?: true }
  | { readonly refused: unknown }
  | "hangs"

const withoutJitter = { nextIntUnsafe: () => 0, nextDoubleUnsafe: () => 0.5 }

/** Follows a server that answers each connection as it is told, and none after the last. */
const following = (
  connections: ReadonlyArray<Connection>,
  options: Partial<EventFollower.FollowOptions<string>> = {}
) =>
  Effect.gen(function*() {
    const log: Array<string> = []
    let next = 0
    const stream = ({ headers }: { readonly headers: { readonly "last-event-id"?: string } }) =>
      Effect.suspend(() => {
        const connection = connections[next++] ?? { refused: new Error("no more") }
        const from = headers["last-event-id"]
        log.push(`connect${from === undefined ? "" : ` behind ${Number.parseInt(from.slice(-12), 16)}`}`)
        if (connection === "hangs") return Effect.never
        if ("refused" in connection) return Effect.fail(connection.refused)
        const events = Stream.fromArray(connection.events)
        return Effect.succeed(connection.end === true ? events : Stream.concat(events, Stream.never))
      })
    const client = { events: { stream }, system: { tick: () => Effect.never } } as unknown as Client["Service"]
    const fiber = yield* Effect.forkScoped(
      EventFollower.follow<string>({
        client: Effect.succeed(client),
        heard: (events) =>
          Effect.sync(() =>
            log.push(...events.map((one) => one.event === "domain" ? `heard ${one.data.tick}` : one.event))
          ),
        lost: (error, pause) => Effect.sync(() => log.push(`lost: ${EventFollower.reasonOf(error)}; ${pause}`)),
        ...options
      }).pipe(Effect.provideService(Random.Random, withoutJitter))
    )
    yield* settle
    const since = () => log.splice(0)
    return { fiber, since, after: (time: string) => Effect.andThen(TestClock.adjust(time as "1 second"), settle) }
  })

describe("the follower", () => {
  it.effect("connects again with a back-off, and goes on behind the last transition that it heard", () =>
    Effect.gen(function*() {
      const { after, since } = yield* following([
        { events: [hello, moved(1), moved(2)], end: true },
        { refused: new Error("one") },
        { refused: Object.assign(new Error("two"), { cause: { code: "ECONNREFUSED" } }) },
        { events: [hello, moved(3)], end: true },
        { refused: new Error("again") }
      ])
      assert.deepStrictEqual(since(), [
        "connect",
        "hello",
        "heard 1",
        "heard 2",
        "lost: it has ended its stream of events; 500"
      ])
      yield* after("500 millis")
      assert.deepStrictEqual(since(), ["connect behind 2", "lost: one; 1000"])
      yield* after("999 millis")
      assert.deepStrictEqual(since(), [])
      yield* after("1 millis")
      assert.deepStrictEqual(since(), ["connect behind 2", "lost: nothing listens there; 2000"])
      yield* after("2 seconds")
      assert.strictEqual(since().at(-1), "lost: it has ended its stream of events; 500")
      yield* after("500 millis")
      assert.deepStrictEqual(since(), ["connect behind 3", "lost: again; 1000"])
    }))

  it.effect("waits no longer than 5 seconds, but for the jitter, or as long as it is told to", () =>
    Effect.gen(function*() {
      const steady = yield* following([], { backoff: Schedule.spaced("250 millis") })
      for (let turn = 0; turn < 3; turn++) {
        assert.deepStrictEqual(steady.since(), ["connect", "lost: no more; 250"])
        yield* steady.after("250 millis")
      }
      const { after, since } = yield* following([])
      for (const pause of [500, 1000, 2000, 4000, 5000, 5000]) {
        assert.deepStrictEqual(since(), ["connect", `lost: no more; ${pause}`])
        yield* after(`${pause} millis`)
      }
    }))

  it.effect("gives up a connection that does not answer, that says nothing, and one that is dead", () =>
    Effect.gen(function*() {
      const { after, since } = yield* following(["hangs", { events: [] }, { events: [hello] }])
      yield* after("5 seconds")
      assert.deepStrictEqual(since(), ["connect", "lost: no answer in 5s; 500"])
      yield* after("5500 millis")
      assert.deepStrictEqual(since(), ["connect", "lost: no answer in 5s; 1000"])
      yield* after("1 second")
      assert.deepStrictEqual(since(), ["connect", "hello"])
      // The tick is asked for after 5 seconds, and not answered in another 5.
      yield* after("9999 millis")
      assert.deepStrictEqual(since(), [])
      yield* after("1 millis")
      assert.deepStrictEqual(since(), ["lost: no answer in 5s; 500"])
    }))

  it.effect("passes gaps on, or fills them by connecting again behind the last transition heard", () =>
    Effect.gen(function*() {
      const events = [hello, moved(1), gap, moved(4)]
      const telling = yield* following([{ events }])
      assert.deepStrictEqual(telling.since(), ["connect", "hello", "heard 1", "gap", "heard 4"])
      const filling = yield* following([{ events }, { events: [hello, moved(2), moved(3), moved(4)] }], {
        gaps: "fill"
      })
      assert.deepStrictEqual(filling.since(), [
        "connect",
        "hello",
        "heard 1",
        "connect behind 1",
        "hello",
        "heard 2",
        "heard 3",
        "heard 4"
      ])
    }))

  it.effect("passes on a gap that connecting again does not fill", () =>
    Effect.gen(function*() {
      const { since } = yield* following([{ events: [hello, gap, moved(4)] }], { gaps: "fill", after: event(1).id })
      assert.deepStrictEqual(since(), ["connect behind 1", "hello", "gap", "heard 4"])
    }))

  it.effect("reads another source while the program does not answer, and goes on behind that", () =>
    Effect.gen(function*() {
      const asked: Array<string | undefined> = []
      const { after, since } = yield* following([{ events: [hello, moved(1)], end: true }, { events: [hello] }], {
        away: (after) => {
          asked.push(after)
          return Stream.make(event(2), event(3))
        }
      })
      yield* after("500 millis")
      assert.deepStrictEqual([asked, since().slice(-4)], [[event(1).id], [
        "heard 2",
        "heard 3",
        "connect behind 3",
        "hello"
      ]])
    }))

  it.effect("ends when that source fails", () =>
    Effect.gen(function*() {
      const { fiber } = yield* following([], { away: () => Stream.fail("no source") })
      assert.strictEqual(yield* Effect.flip(Effect.flatten(Effect.sync(() => fiber.pollUnsafe()!))), "no source")
    }))

  it.effect("does not try a refused token again before it is woken", () =>
    Effect.gen(function*() {
      const refused = { _tag: "Unauthorized", detail: "That is not the token" }
      const woken = Latch.makeUnsafe()
      const { after, since } = yield* following([{ refused }, { refused: new Error("away") }], { wake: woken.await })
      yield* after("1 hour")
      assert.deepStrictEqual(since(), ["connect", "lost: That is not the token; 500"])
      yield* woken.release
      yield* settle
      assert.deepStrictEqual(since(), ["connect", "lost: away; 1000"])
      yield* after("1 second")
      assert.deepStrictEqual(since(), ["connect", "lost: no more; 2000"])
    }))
})
