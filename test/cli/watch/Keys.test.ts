import { describe, expect, it } from "@effect/vitest"
import * as Option from "effect/Option"
import type { UserInput } from "effect/Terminal"
import * as Keys from "../../../src/cli/watch/Keys.ts"
import type { Model } from "../../../src/cli/watch/Model.ts"
import { watched } from "./model.ts"

const key = (name: string, fields?: Partial<UserInput["key"]>): UserInput => ({
  input: name.length === 1 ? Option.some(name) : Option.none(),
  key: { name: name.toLowerCase(), ctrl: false, meta: false, shift: false, ...fields }
})

const press = (names: ReadonlyArray<string>, model: Model = watched) =>
  names.reduce((model, name) => Keys.press(model, key(name), 3), model)

const names = (model: Model) => Keys.listed(model).map(({ name }) => name)

describe("the keys of watch", () => {
  it.each([
    [["j"], "database"],
    [["down", "j", "up"], "database"],
    [["k"], "config"],
    [["G"], "retired"],
    [["end", "j"], "retired"],
    [["pagedown", "pagedown", "pageup"], "flaky"],
    [["G", "g"], "config"]
  ])("%j selects %s", (pressed, selected) => {
    expect(press(pressed).selected).toBe(selected)
  })

  it("opens the story of what is selected, scrolls it and goes back", () => {
    const story = press(["j", "enter"])
    expect(story.page).toMatchObject({ _tag: "Story", domain: "database", transitions: undefined })
    expect(press(["j", "j", "k"], story).page).toMatchObject({ scroll: 1 })
    expect(press(["escape"], story)).toMatchObject({ page: { _tag: "Overview" }, selected: "database" })
  })

  it("filters by name, state and health while it is typed, keeps it with Enter, clears it with Esc", () => {
    expect(names(press(["/", "C", "a"]))).toEqual(["cache"])
    expect(names(press(["/", "c", "r", "a", "s"]))).toEqual(["broken"])
    expect(names(press(["/", "s", "u", "s", "p"]))).toEqual(["cache"])
    expect(press(["/", "c", "x", "backspace", "enter"])).toMatchObject({ filter: "c", typing: "nothing" })
    expect(press(["/", "c", "enter", "escape"])).toMatchObject({ filter: "" })
  })

  it("shows trouble first, and then again the order that was given", () => {
    expect(names(press(["s"])).slice(0, 4)).toEqual(["broken", "flaky", "needy", "cache"])
    expect(names(press(["s", "s"]))).toEqual(watched.view.domains.map(({ name }) => name))
  })

  it("quits with q and Ctrl-C, but types a q into the filter", () => {
    const ctrlC = key("c", { ctrl: true })
    expect(Keys.quits(watched, key("q"))).toBe(true)
    expect(Keys.quits(watched, ctrlC)).toBe(true)
    const typing = press(["/"])
    expect([Keys.quits(typing, key("q")), Keys.quits(typing, ctrlC)]).toEqual([false, true])
    expect(press(["q"], typing).filter).toBe("q")
  })

  it("does nothing bad when nothing is listed", () => {
    const none = press(["/", "z", "z", "z", "enter", "j", "enter", "G", "s", "t"])
    expect([names(none), none.page._tag]).toEqual([[], "Overview"])
  })
})
