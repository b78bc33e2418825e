import { describe, expect, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Model from "../../../src/cli/watch/Model.ts"
import { event, tick } from "../../support/values.ts"
import { now, stats, watched } from "./model.ts"

const heard = (model: Model.Model, ...news: ReadonlyArray<Model.News>) =>
  news.reduce((model, one) => Model.update(model, one, now), model)

describe("what watch knows", () => {
  it("keeps what it has seen of a run when the program answers again, and forgets it when another has begun", () => {
    const lost = heard(watched, Model.News.Lost({ detail: "gone" }))
    const again = { stats, boot: [], recent: [], notice: undefined }
    expect(heard(lost, Model.News.Connected(again)).lateness).toEqual(watched.lateness)
    const other = { ...stats, run: { ...stats.run, runId: "another" }, heartbeat: { ...stats.heartbeat, tickCount: 2 } }
    expect(heard(lost, Model.News.Connected({ ...again, stats: other }))).toMatchObject({
      tick: 2,
      lateness: [],
      domains: [],
      events: []
    })
  })

  it("counts from the first failure how long the program has been away", () => {
    const first = Model.update(watched, Model.News.Lost({ detail: "one" }), now)
    const second = Model.update(first, Model.News.Lost({ detail: "two" }), now + 5_000)
    expect(second.connection).toEqual(Model.Connection.Lost({ since: now, detail: "two" }))
  })

  it("knows an activation from its two transitions, or from the second alone", () => {
    const began = event(20, {
      domain: "x",
      from: "waiting",
      to: "activating",
      wave: 2,
      occurredAt: DateTime.makeUnsafe(100)
    })
    const ended = event(21, { domain: "x", wave: 2, durationMs: 40, occurredAt: DateTime.makeUnsafe(142) })
    const stream = (data: typeof began) => Model.News.Streamed({ event: { event: "domain", data } })
    const both = heard(watched, stream(began), stream(ended)).activations.get("x")
    expect(both).toMatchObject({ wave: 2, openedAt: 100, end: { at: 142, outcome: "active" } })
    expect(heard(watched, stream(ended)).activations.get("x")).toMatchObject({ openedAt: 102, end: { at: 142 } })
  })

  it("adds transitions that come while a story is shown, and none twice when the trail answers", () => {
    const page = Model.Page.Story({ domain: "one", transitions: undefined, problem: undefined, scroll: 0 })
    const live = Model.News.Streamed({ event: { event: "domain", data: event(51) } })
    const answer = Model.News.StoryRead({ domain: "one", transitions: [event(50)] })
    for (const news of [[live, answer], [answer, live]]) {
      const story = heard({ ...watched, page }, ...news).page
      expect(story._tag === "Story" && story.transitions?.map(({ id }) => id)).toEqual([event(50).id, event(51).id])
    }
  })

  it("keeps a bounded number of transitions and ticks", () => {
    let model = watched
    for (let n = 100; n < 1_000; n++) {
      model = heard(
        model,
        Model.News.Streamed({ event: { event: "domain", data: event(n) } }),
        Model.News.Streamed({ event: { event: "tick", data: tick(n) } })
      )
    }
    expect([model.events.length, model.lateness.length]).toEqual([500, 120])
  })
})
