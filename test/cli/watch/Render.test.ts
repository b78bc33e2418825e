import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { coloured, plain } from "../../../src/cli/text/Style.ts"
import { widthOf } from "../../../src/cli/watch/Line.ts"
import * as Model from "../../../src/cli/watch/Model.ts"
import { type Canvas, render } from "../../../src/cli/watch/Render.ts"
import { News } from "../../../src/control/ProgramView.ts"
import { assertScreen } from "../../support/screenshot.ts"
import { domain, events, now, watched } from "./model.ts"

const canvas = (columns: number, rows: number, style = plain): Canvas => ({ columns, rows, style })

const screen = (model: Model.Model, columns: number, rows: number, at = now) =>
  `${render(model, canvas(columns, rows), at).join("\n")}\n`

const story = (name: string): Model.Model => {
  const transitions = events.filter((event) => event.domain === name).toReversed()
  const page = Model.Page.Story({ domain: name, transitions: undefined, problem: undefined, scroll: 0 })
  return Model.update({ ...watched, page }, Model.StoryNews.StoryRead({ domain: name, transitions }), now)
}

const lost = Model.update(watched, News.Lost({ reason: "nothing listens there", pause: 500 }), now - 12_000)

const many: Model.Model = {
  ...watched,
  selected: "domain-500",
  view: {
    ...watched.view,
    domains: Array.from({ length: 1000 }, (_, i) => domain(`domain-${i}`, { status: "active", generation: 1 }))
  }
}

describe("the picture of a running program", () => {
  it.each<readonly [name: string, model: Model.Model, columns: number, rows: number]>([
    ["overview", watched, 80, 24],
    ["overview", watched, 140, 40],
    ["overview", watched, 50, 15],
    ["overview", watched, 30, 8],
    ["timeline", { ...watched, lower: "timeline" }, 80, 24],
    ["trouble-first", { ...watched, order: "trouble" }, 80, 24],
    ["filtered", { ...watched, filter: "ca", typing: "filter" }, 80, 24],
    ["many", many, 80, 24],
    ["story", story("broken"), 80, 24],
    ["lost", lost, 80, 24],
    ["never-reached", Model.make("http://127.0.0.1:4747"), 80, 24],
    ["help", { ...watched, page: Model.Page.Help() }, 80, 24]
  ])(
    "%s looks as it should at %#",
    (name, model, columns, rows) =>
      assertScreen(import.meta.dirname, `${name}-${columns}x${rows}.txt`, screen(model, columns, rows))
  )

  it.prop(
    "fills the terminal exactly, whatever its size, and tells it nothing but text",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 })),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 })),
      Schema.String,
      Schema.Literals(["overview", "timeline", "story", "help", "lost", "many"])
    ],
    ([columns, rows, cause, page]) => {
      const models = {
        overview: watched,
        timeline: { ...watched, lower: "timeline" },
        story: story("broken"),
        lost,
        many
      }
      const model: Model.Model = page === "help" ? { ...watched, page: Model.Page.Help() } : models[page] as Model.Model
      const domains = model.view.domains.map((one) => one.status === "crashed" ? { ...one, cause } : one)
      const lines = render({ ...model, view: { ...model.view, domains } }, canvas(columns, rows), now)
      assert.lengthOf(lines, rows)
      assert.isAtMost(Math.max(...lines.map(widthOf)), columns)
      assert.notMatch(lines.join(""), /\p{Cc}/u)
    }
  )

  it("shows without colours what it shows with them", () => {
    const painted = render(watched, canvas(80, 24, coloured), now)
    // oxlint-disable-next-line no-control-regex
    const bare = painted.map((line) => line.replaceAll(/\u001b\[\d+m/g, "").trimEnd())
    assert.include(painted.join(""), "\u001b[31m")
    assert.deepStrictEqual(bare, render(watched, canvas(80, 24), now))
  })

  it("says how long the heart has been still when a program that answers sends no ticks", () => {
    assert.include(screen(watched, 80, 24), "● tick 65 every 1s")
    assert.include(screen(watched, 80, 24, now + 400), "○ tick 65 every 1s")
    assert.include(screen(watched, 80, 24, now + 12_000), "○ no tick for 12s, the last was 65")
  })

  it("says that the trail is degraded, and why where there is room", () => {
    const { stats } = watched.view
    const trail = { ...stats!.trail, status: "degraded" as const, detail: "connection refused", backlog: 41 }
    const view = { ...watched.view, stats: { ...stats!, trail } }
    assert.include(screen({ ...watched, view }, 140, 40), "trail degraded, 41 waiting: connection refused")
    assert.include(screen({ ...watched, view: { ...view, domains: [] } }, 60, 24), "trail degraded, 41 waiting")
  })
})
