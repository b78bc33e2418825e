import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { type DomainInfo, fromView } from "../../src/control/DomainInfo.ts"
import * as ProgramView from "../../src/control/ProgramView.ts"
import type { StreamEvent } from "../../src/control/StreamEvent.ts"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import { StatusName } from "../../src/model/DomainStatus.ts"
import { app, tick as sendTick, trail } from "../support/app.ts"
import { acyclic, domainsOf, int } from "../support/arbitraries.ts"
import { settle } from "../support/awaitState.ts"
import { at, domain, event, now } from "../support/domains.ts"
import { tick } from "../support/values.ts"

const { News } = ProgramView
type View = ProgramView.ProgramView

const hello = { runId: "run", node: "node", app: "app", version: "1", tick: 0 }

const asStream = (event: DomainEvent): StreamEvent => ({ id: event.id, event: "domain", data: event })

const told = (view: View, ...news: ReadonlyArray<ProgramView.News>): View =>
  news.reduce((view, one) => ProgramView.update(view, one, 1_000), view)

const greet = (run = hello) => News.Heard({ events: [{ event: "hello", data: run }] })

const hear = (...events: ReadonlyArray<DomainEvent>) => News.Heard({ events: events.map(asStream) })

const list = (...domains: ReadonlyArray<DomainInfo>) => News.Domains({ domains })

const begun = (...names: ReadonlyArray<string>) =>
  told(ProgramView.initial, greet(), list(...names.map((name) => domain(name, { status: "waiting", generation: 0 }))))

const transitions = Arbitrary.array(
  Arbitrary.all({ domain: int(0, 2), to: int(0, StatusName.literals.length - 1) }),
  { maxLength: 30 }
).pipe(
  Arbitrary.map((all) =>
    all.map(({ domain, to }, n) => event(n, { domain: `d${domain}`, to: StatusName.literals[to]! }))
  )
)

/**
 * What transitions tell of domains, as it is sent. The rest comes with the list: health, blockades, the last tick, which
 * tick opened a gate when newer ones came meanwhile, and the exact millisecond of a restart.
 */
const toldByTransitions = (domains: ReadonlyArray<DomainInfo>): unknown =>
  JSON.parse(JSON.stringify(
    domains.map(({ blockedBy: _1, health: _2, lastTick: _3, opening, restart, ...rest }) => ({
      ...rest,
      wave: opening?.wave,
      restart: restart === null ? null : [restart.attempt, restart.delayMs]
    }))
  ))

const step = Arbitrary.all({ kind: int(0, 4), domain: int(0, 20) })

const take = Effect.fnUntraced(function*(step: { readonly kind: number; readonly domain: number }, names: number) {
  const control = yield* DomainControl
  const name = `d${step.domain % names}`
  switch (step.kind) {
    case 0:
      return yield* sendTick
    case 1:
      yield* Effect.ignore(control.restart(name))
      return yield* settle
    case 2:
      yield* Effect.ignore(control.deactivate(name))
      return yield* settle
    case 3:
      yield* Effect.ignore(control.activate(name))
      return yield* settle
    default:
      yield* TestClock.adjust("700 millis")
      return yield* settle
  }
})

describe("the view of a program", () => {
  it.effect.prop(
    "is, of an earlier list and the transitions since, the later list",
    {
      plan: acyclic,
      before: Arbitrary.array(step, { maxLength: 8 }),
      after: Arbitrary.array(step, { maxLength: 12 }),
      broken: int(0, 20)
    },
    ({ after, before, broken, plan }) =>
      Effect.gen(function*() {
        const registry = yield* DomainRegistry
        const snapshot = Effect.map(registry.snapshot, (views) => views.map(fromView))
        for (const one of before) yield* take(one, plan.length)
        const earlier = yield* snapshot
        const known = (yield* trail).length
        for (const one of after) yield* take(one, plan.length)
        const events = (yield* trail).slice(known)
        const run = { ...hello, runId: events[0]?.runId ?? "" }
        const view = told(ProgramView.initial, greet(run), list(...earlier), hear(...events))
        const later = yield* snapshot
        assert.deepStrictEqual(toldByTransitions(view.domains), toldByTransitions(later))
        for (const [i, { restart }] of later.entries()) {
          const at = view.domains[i]!.restart?.at.epochMilliseconds ?? 0
          assert.isAtMost(Math.abs((restart?.at.epochMilliseconds ?? 0) - at), 1)
        }
      }).pipe(
        Effect.scoped,
        Effect.provide(app(
          domainsOf<Domain.Any>(
            plan,
            ({ activationTick, buildMs, name }, dependsOn, after) =>
              Domain.make(name, {
                dependsOn: dependsOn as ReadonlyArray<Domain.Domain<string, never, never, never>>,
                after,
                activationTick,
                layer: Layer.effectDiscard(
                  name === `d${broken % plan.length}`
                    ? Effect.delay(Effect.fail("no"), buildMs)
                    : Effect.sleep(buildMs)
                )
              })
          )
        ))
      ),
    { arbitrary: { runs: 60 } }
  )

  it.effect.prop(
    "is the same however often and in whatever pieces the transitions come",
    { transitions, cut: int(0, 30), again: int(0, 10) },
    ({ again, cut, transitions }) =>
      Effect.sync(() => {
        const start = begun("d0", "d1", "d2")
        const whole = told(start, hear(...transitions))
        const pieces = told(
          start,
          hear(...transitions.slice(0, cut)),
          hear(...transitions.slice(Math.max(0, cut - again)))
        )
        assert.deepStrictEqual(pieces, whole)
        for (const { name, status } of whole.domains) {
          assert.strictEqual(status, transitions.findLast((event) => event.domain === name)?.to ?? "waiting")
        }
        assert.deepStrictEqual(whole.events.map(({ id }) => id), transitions.map(({ id }) => id).toReversed())
      })
  )

  it("tells the restart that is due from the transitions alone", () => {
    const crashed = event(1, { to: "crashed", cause: "Error: no" })
    const scheduled = event(2, { to: "restarting", metadata: { attempt: 3, delayMs: 500 } })
    const [store] = told(begun("store"), hear(crashed, scheduled)).domains
    assert.containsSubset(store, { status: "restarting", cause: "Error: no", restart: { attempt: 3, at: at(502) } })
  })

  it("does not let a late transition undo what the list has told since", () => {
    const listed = told(begun("store"), list(domain("store", { since: at(10) })))
    assert.strictEqual(told(listed, hear(event(5, { to: "crashed" }))).domains[0]!.status, "active")
  })

  it("does not take a transition of another run for one of this", () => {
    const view = told(begun("store"), hear(event(5, { runId: "another", to: "crashed" })))
    assert.strictEqual(view.domains[0]!.status, "waiting")
    assert.lengthOf(view.events, 1)
    assert.strictEqual(view.activations.size, 0)
  })

  it("keeps the object of a domain that has not changed but for the tick", () => {
    const view = begun("a", "b")
    const waiting = (name: string, lastTick = 0) => domain(name, { status: "waiting", generation: 0, lastTick })
    assert.strictEqual(told(view, list(waiting("a", 7), waiting("b", 7))).domains, view.domains)
    const next = told(view, list(waiting("a", 7), domain("b")))
    assert.strictEqual(next.domains[0], view.domains[0])
    assert.notStrictEqual(next.domains[1], view.domains[1])
  })

  it("keeps what it knows when the same run answers again, and forgets it when another does", () => {
    const view = told(begun("store"), hear(event(1)), News.Lost({ reason: "gone", pause: 500 }))
    assert.deepStrictEqual(view.link, ProgramView.Link.Lost({ since: 1_000, reason: "gone", retryAt: 1_500 }))
    assert.containsSubset(told(view, greet()), { link: { _tag: "Live" }, events: view.events, domains: view.domains })
    const other = told(view, greet({ ...hello, runId: "another", tick: 2 }))
    assert.containsSubset(other, { domains: [], events: [], lateness: [], run: { runId: "another" }, tick: 2 })
    assert.strictEqual(other.activations.size, 0)
  })

  it("counts from the first failure how long the program has been away", () => {
    const first = told(begun("store"), News.Lost({ reason: "one", pause: 500 }))
    const second = ProgramView.update(first, News.Lost({ reason: "two", pause: 1_000 }), 6_000)
    assert.deepStrictEqual(second.link, ProgramView.Link.Lost({ since: 1_000, reason: "two", retryAt: 7_000 }))
  })

  it("counts the refusals of a program that shows nothing without its token", () => {
    const once = told(ProgramView.initial, News.Locked())
    assert.deepStrictEqual([once.link, told(once, News.Locked()).link], [
      ProgramView.Link.Locked({ refusals: 1 }),
      ProgramView.Link.Locked({ refusals: 2 })
    ])
  })

  it("keeps the first activation of each domain that succeeded, and the newest, wherever the reading begins", () => {
    const all = [
      event(1, { from: "waiting", to: "activating", tick: 1, wave: 2 }),
      event(5, { to: "crashed", durationMs: 4 }),
      event(10, { from: "restarting", to: "activating", generation: 2, tick: 2, wave: 0 }),
      event(40, { tick: 3, wave: 0, generation: 2, durationMs: 25 }),
      event(50, { from: "active", to: "crashed", generation: 2 }),
      event(60, { from: "crashed", to: "activating", generation: 3, tick: 4, wave: 0 })
    ]
    const expected = {
      first: {
        domain: "store",
        generation: 2,
        tick: 2,
        wave: 0,
        openedAt: now(10),
        end: { at: now(40), outcome: "active", workMs: 25 }
      },
      newest: { domain: "store", generation: 3, tick: 4, wave: 0, openedAt: now(60), end: undefined }
    }
    const orders = [all, [...all.slice(4), ...all.slice(0, 4)], [...all.slice(5), ...all], [...all, ...all]]
    for (const order of orders) {
      const read = told(begun("store"), News.Activated({ events: order }))
      assert.containsSubset([...read.activations.values()], [expected])
    }
    assert.containsSubset([...told(begun("store"), hear(all[3]!)).activations.values()], [
      { first: { openedAt: now(15), end: { outcome: "active" } } }
    ])
    assert.containsSubset([...told(begun("store"), hear(all[0]!, all[1]!)).activations.values()], [
      { first: undefined, newest: { end: { outcome: "failed" } } }
    ])
  })

  it("keeps a bounded number of transitions and ticks, and knows where the trail goes on behind them", () => {
    const all = Array.from({ length: 2500 }, (_, n) => event(n))
    const ticks = Array.from({ length: 200 }, (_, n): StreamEvent => ({
      event: "tick",
      data: tick(n + 1, { lateness: Duration.millis(n) })
    }))
    const view = told(begun("store"), hear(...all), News.Heard({ events: ticks }))
    assert.deepStrictEqual([view.events.length, view.lateness.length, view.lateness.at(-1), view.tick], [
      2000,
      120,
      199,
      200
    ])
    assert.strictEqual(view.events.at(-1)!.id, all[500]!.id)
    assert.strictEqual(view.older, `n${all[500]!.id.replaceAll("-", "")}`)
  })

  it("keeps what came live when the newest page of the trail is older, and adds the page behind without repeating", () => {
    const ids = (view: View) => view.events.map(({ id }) => id)
    const numbered = (...all: ReadonlyArray<number>) => all.map((n) => event(n).id)
    const live = told(begun("store"), hear(event(8), event(9)))
    const past = told(live, News.Past({ events: [event(7), event(6)], older: "n6" }))
    assert.deepStrictEqual([ids(past), past.older], [numbered(9, 8, 7, 6), "n6"])
    const older = told(past, News.Past({ events: [event(6), event(5)], older: null }))
    assert.deepStrictEqual([ids(older), older.older], [numbered(9, 8, 7, 6, 5), undefined])
  })

  it("says what was missed until the trail has been read again", () => {
    const gap = { reason: "slow", missed: 3, detail: "3 transitions were dropped" } as const
    const missed = told(begun("store"), News.Heard({ events: [{ event: "gap", data: gap }] }))
    assert.strictEqual(missed.notice, "3 transitions were dropped")
    assert.strictEqual(told(missed, News.PastUnread({ reason: "away" })).notice, "The trail cannot be read: away")
    assert.isUndefined(told(missed, News.Past({ events: [], older: null })).notice)
  })
})
