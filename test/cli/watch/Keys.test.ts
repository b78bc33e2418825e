import { assert, describe, it } from "@effect/vitest"
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
    assert.strictEqual(press(pressed).selected, selected)
  })

  it("opens the story of what is selected, scrolls it and goes back", () => {
    const story = press(["j", "enter"])
    assert.containsSubset(story.page, { _tag: "Story", domain: "database", transitions: undefined })
    assert.containsSubset(press(["j", "j", "k"], story).page, { scroll: 1 })
    assert.containsSubset(press(["escape"], story), { page: { _tag: "Overview" }, selected: "database" })
  })

  it("filters by name, state and health while it is typed, keeps it with Enter, clears it with Esc", () => {
    assert.deepStrictEqual(names(press(["/", "C", "a"])), ["cache"])
    assert.deepStrictEqual(names(press(["/", "c", "r", "a", "s"])), ["broken"])
    assert.deepStrictEqual(names(press(["/", "s", "u", "s", "p"])), ["cache"])
    assert.containsSubset(press(["/", "c", "x", "backspace", "enter"]), { filter: "c", typing: "nothing" })
    assert.containsSubset(press(["/", "c", "enter", "escape"]), { filter: "" })
  })

  it("shows trouble first, and then again the order that was given", () => {
    assert.deepStrictEqual(names(press(["s"])).slice(0, 4), ["broken", "flaky", "needy", "cache"])
    assert.deepStrictEqual(names(press(["s", "s"])), watched.view.domains.map(({ name }) => name))
  })

  it("quits with q and Ctrl-C, but types a q into the filter", () => {
    const ctrlC = key("c", { ctrl: true })
    assert.isTrue(Keys.quits(watched, key("q")))
    assert.isTrue(Keys.quits(watched, ctrlC))
    const typing = press(["/"])
    assert.deepStrictEqual([Keys.quits(typing, key("q")), Keys.quits(typing, ctrlC)], [false, true])
    assert.strictEqual(press(["q"], typing).filter, "q")
  })

  it("does nothing bad when nothing is listed", () => {
    const none = press(["/", "z", "z", "z", "enter", "j", "enter", "G", "s", "t"])
    assert.deepStrictEqual([names(none), none.page._tag], [[], "Overview"])
  })
})
