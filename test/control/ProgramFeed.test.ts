import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as ApiClient from "../../src/control/ApiClient.ts"
import * as ControlServer from "../../src/control/ControlServer.ts"
import * as ProgramFeed from "../../src/control/ProgramFeed.ts"
import * as ProgramView from "../../src/control/ProgramView.ts"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import { awaitStates, tick } from "../support/app.ts"
import { served } from "./support.ts"

const store = Domain.make("store", { layer: Layer.empty })
const shop = Domain.make("shop", { dependsOn: [store], layer: Layer.empty })

/** Follows the program at an address into a view, and waits until something holds of it. */
const viewing = Effect.fnUntraced(function*(url: string) {
  let view = ProgramView.initial
  const waiting = new Set<() => void>()
  yield* Effect.forkScoped(ProgramFeed.run({ client: ApiClient.make({ url }) }, (news) => {
    view = ProgramView.update(view, news, Date.now())
    for (const look of waiting) look()
  }))
  const until = (holds: (view: ProgramView.ProgramView) => boolean) =>
    Effect.callback<ProgramView.ProgramView>((resume) => {
      const look = () => {
        if (holds(view)) resume(Effect.succeed(view))
      }
      waiting.add(look)
      look()
      return Effect.sync(() => waiting.delete(look))
    }).pipe(Effect.timeout("20 seconds"))
  return { until }
})

const states = ({ domains }: ProgramView.ProgramView) => domains.map(({ status }) => status).join(" ")

describe("the feed of a view", () => {
  it.live("brings what was before, what happens, and what has no event", () =>
    Effect.gen(function*() {
      const { url } = yield* ControlServer.ControlServer
      yield* Effect.andThen(tick, awaitStates({ store: "active", shop: "active" }))
      const { until } = yield* viewing(url)
      const past = yield* until(({ events }) => events.length === 4)
      assert.containsSubset(past, { link: { _tag: "Live" }, tick: 1, older: undefined, notice: undefined })
      const known = yield* until(({ activations, domains, stats }) =>
        activations.size === 2 && domains.length === 2 && stats !== undefined
      )
      assert.containsSubset(known.activations.get("shop"), { first: { wave: 1, end: { outcome: "active" } } })
      yield* DomainControl.use((control) => control.deactivate("store"))
      yield* until((view) => states(view) === "inactive waiting")
      yield* until(({ byName }) => byName.get("shop")!.blockedBy.includes("store"))
      yield* tick
      yield* until((view) => view.tick === 2 && view.lateness.length === 1)
    }).pipe(Effect.scoped, Effect.provide(served([store, shop]))))

  it.live("says that the program is gone, and forgets it when another run answers", () =>
    Effect.gen(function*() {
      const outer = yield* Effect.scope
      const start = Effect.fnUntraced(function*(port: number) {
        const scope = yield* Scope.fork(outer)
        const context = yield* Layer.buildWithScope(served([store, shop], { server: { port } }), scope)
        return { context, close: Scope.close(scope, Exit.void) }
      })
      const first = yield* start(0)
      const { url } = Context.get(first.context, ControlServer.ControlServer)
      yield* Effect.provideContext(Effect.andThen(tick, awaitStates({ shop: "active" })), first.context)
      const { until } = yield* viewing(url)
      const before = yield* until((view) => states(view) === "active active")
      yield* first.close
      yield* until(({ link }) => link._tag === "Lost")
      yield* start(Number(new URL(url).port))
      const after = yield* until((view) => states(view) === "waiting waiting")
      assert.notStrictEqual(after.run!.runId, before.run!.runId)
      assert.deepStrictEqual(after.link, ProgramView.Link.Live())
    }).pipe(Effect.scoped))

  it.live("says that the program shows nothing without its token", () =>
    Effect.gen(function*() {
      const { url } = yield* ControlServer.ControlServer
      const { until } = yield* viewing(url)
      assert.deepStrictEqual((yield* until(({ link }) => link._tag === "Locked")).domains, [])
    }).pipe(Effect.scoped, Effect.provide(served([store], { server: { host: "0.0.0.0" } }))))
})
