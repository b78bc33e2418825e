import * as Option from "effect/Option"
import type { UserInput } from "effect/Terminal"
import type { DomainInfo } from "../../control/DomainInfo.ts"
import { severity } from "../../control/StandingText.ts"
import { type Model, Page } from "./Model.ts"

/** The domains that are listed, filtered and in the order that was chosen. */
export const listed = ({ filter, order, view: { domains } }: Model): ReadonlyArray<DomainInfo> => {
  const wanted = filter.toLowerCase()
  const found = wanted === ""
    ? domains
    : domains.filter(({ health, name, status }) => `${name} ${status} ${health ?? ""}`.includes(wanted))
  return order === "given" ? found : found.toSorted((a, b) => severity(a) - severity(b))
}

/** The index of the selected domain in the list; the first is selected when none is. */
export const indexOf = (list: ReadonlyArray<DomainInfo>, selected: string | undefined): number =>
  Math.max(0, list.findIndex(({ name }) => name === selected))

const move = (model: Model, by: number): Model => {
  const list = listed(model)
  const to = Math.min(list.length - 1, Math.max(0, indexOf(list, model.selected) + by))
  return { ...model, selected: list[to]?.name }
}

const open = (model: Model): Model => {
  const list = listed(model)
  const domain = list[indexOf(list, model.selected)]?.name
  return domain === undefined ? model : {
    ...model,
    selected: domain,
    page: Page.Story({ domain, transitions: undefined, problem: undefined, scroll: 0 })
  }
}

const steps: Readonly<Record<string, (screen: number) => number>> = {
  up: () => -1,
  k: () => -1,
  down: () => 1,
  j: () => 1,
  pageup: (screen) => -screen,
  pagedown: (screen) => screen,
  space: (screen) => screen,
  home: () => -Infinity,
  g: () => -Infinity,
  end: () => Infinity,
  G: () => Infinity
}

/** A key's name, with letters as they were typed: `G` is not `g`. */
const nameOf = ({ input, key }: UserInput): string => {
  const text = Option.getOrElse(input, () => "")
  return /^[!-~]$/.test(text) ? text : key.name
}

const typed = (model: Model, pressed: UserInput): Model => {
  const text = Option.getOrElse(pressed.input, () => "")
  switch (pressed.key.name) {
    case "return":
    case "enter":
      return { ...model, typing: "nothing" }
    case "escape":
      return { ...model, typing: "nothing", filter: "" }
    case "backspace":
      return model.filter === "" ? { ...model, typing: "nothing" } : { ...model, filter: model.filter.slice(0, -1) }
    default:
      return pressed.key.ctrl
        ? pressed.key.name === "u" ? { ...model, filter: "" } : model
        : /^[ -~]+$/.test(text)
        ? { ...model, filter: model.filter + text }
        : model
  }
}

const inOverview = (model: Model, name: string, screen: number): Model => {
  const step = steps[name]
  if (step !== undefined) return move(model, step(screen))
  switch (name) {
    case "return":
    case "enter":
    case "right":
      return open(model)
    case "/":
      return { ...model, typing: "filter" }
    case "escape":
      return { ...model, filter: "" }
    case "t":
    case "tab":
      return { ...model, lower: model.lower === "events" ? "timeline" : "events" }
    case "s":
      return { ...model, order: model.order === "given" ? "trouble" : "given" }
    case "?":
    case "h":
      return { ...model, page: Page.Help() }
    default:
      return model
  }
}

/** Whether a key quits: `Ctrl-C` everywhere, `q` where no text is typed. */
export const quits = (model: Model, pressed: UserInput): boolean =>
  pressed.key.ctrl ? pressed.key.name === "c" : model.typing === "nothing" && nameOf(pressed) === "q"

/** What a key does; `screen` is how many lines a page of the list has. */
export const press = (model: Model, pressed: UserInput, screen: number): Model => {
  if (model.typing === "filter") return typed(model, pressed)
  const name = nameOf(pressed)
  if (pressed.key.ctrl) return model
  switch (model.page._tag) {
    case "Help":
      return { ...model, page: Page.Overview() }
    case "Story": {
      const step = steps[name]
      if (step !== undefined) {
        const scroll = Math.max(0, model.page.scroll + step(screen))
        return { ...model, page: { ...model.page, scroll: Number.isFinite(scroll) ? scroll : 100_000 } }
      }
      return name === "escape" || name === "return" || name === "enter" || name === "left" || name === "backspace"
        ? { ...model, page: Page.Overview() }
        : name === "?"
        ? { ...model, page: Page.Help() }
        : model
    }
    case "Overview":
      return inOverview(model, name, screen)
  }
}
