import { assert, describe, it } from "@effect/vitest"
import * as Model from "../../../src/cli/watch/Model.ts"
import { News } from "../../../src/control/ProgramView.ts"
import { event } from "../../support/values.ts"
import { now, watched } from "./model.ts"

const heard = (model: Model.Model, ...news: ReadonlyArray<Model.News>) =>
  news.reduce((model, one) => Model.update(model, one, now), model)

const story = (domain: string) => Model.Page.Story({ domain, transitions: undefined, problem: undefined, scroll: 0 })

const ids = (model: Model.Model) =>
  model.page._tag === "Story" ? Model.storyOf(model, model.page)?.map(({ id }) => id) : undefined

describe("what watch knows", () => {
  it("keeps what was chosen with the keys when news come", () => {
    const chosen = { ...watched, filter: "ca", selected: "cache", order: "trouble", lower: "timeline" } as const
    const { view, ...rest } = heard(chosen, News.Lost({ reason: "gone", pause: 500 }))
    assert.deepStrictEqual({ ...rest, view: chosen.view }, chosen)
    assert.strictEqual(view.link._tag, "Lost")
  })

  it("adds transitions that come while a story is shown, and none twice when the trail answers", () => {
    const live = News.Heard({ events: [{ event: "domain", id: event(51).id, data: event(51) }] })
    const answer = Model.StoryNews.StoryRead({ domain: "one", transitions: [event(50)] })
    const late = Model.StoryNews.StoryRead({ domain: "one", transitions: [event(51), event(50)] })
    const both = [event(51).id, event(50).id]
    for (const news of [[live, answer], [answer, live], [live, late]]) {
      assert.deepStrictEqual(ids(heard({ ...watched, page: story("one") }, ...news)), both)
    }
    assert.isUndefined(ids(heard({ ...watched, page: story("one") }, live)))
  })

  it("takes an answer only for the story that is shown", () => {
    const shown = { ...watched, page: story("two") }
    assert.deepStrictEqual(heard(shown, Model.StoryNews.StoryRead({ domain: "one", transitions: [] })).page, shown.page)
    assert.deepStrictEqual(heard(shown, Model.StoryNews.StoryUnread({ domain: "one", problem: "no" })).page, shown.page)
    assert.containsSubset(heard(shown, Model.StoryNews.StoryUnread({ domain: "two", problem: "no" })).page, {
      problem: "no"
    })
  })
})
