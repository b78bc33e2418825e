import * as Data from "effect/Data"
import * as ProgramView from "../../control/ProgramView.ts"
import type { DomainEvent } from "../../model/DomainEvent.ts"

/** What is shown below the heartbeat. A story's transitions are `undefined` until they have been read. */
export type Page = Data.TaggedEnum<{
  Overview: {}
  Story: {
    readonly domain: string
    /** The newest first. */
    readonly transitions: ReadonlyArray<DomainEvent> | undefined
    readonly problem: string | undefined
    readonly scroll: number
  }
  Help: {}
}>
export const Page = Data.taggedEnum<Page>()

/** Everything that is drawn: what is known of the program, and what was chosen with the keys. */
export interface Model {
  /** Where the program was looked for last. */
  readonly url: string
  readonly view: ProgramView.ProgramView
  readonly page: Page
  readonly lower: "events" | "timeline"
  readonly order: "given" | "trouble"
  readonly selected: string | undefined
  readonly filter: string
  readonly typing: "filter" | "nothing"
}

/** What is known before the first answer. */
export const make = (url: string): Model => ({
  url,
  view: ProgramView.initial,
  page: Page.Overview(),
  lower: "events",
  order: "given",
  selected: undefined,
  filter: "",
  typing: "nothing"
})

/** What comes from the program: for the view, or for the story of one domain. */
export type News = ProgramView.News | StoryNews
export type StoryNews = Data.TaggedEnum<{
  StoryRead: { readonly domain: string; readonly transitions: ReadonlyArray<DomainEvent> }
  StoryUnread: { readonly domain: string; readonly problem: string }
}>
export const StoryNews = Data.taggedEnum<StoryNews>()

/** What is known after news; `now` is the local clock's, in milliseconds since the epoch. */
export const update = (model: Model, news: News, now: number): Model => {
  const { page } = model
  switch (news._tag) {
    case "StoryRead":
      return page._tag === "Story" && page.domain === news.domain
        ? { ...model, page: { ...page, transitions: news.transitions, problem: undefined } }
        : model
    case "StoryUnread":
      return page._tag === "Story" && page.domain === news.domain
        ? { ...model, page: { ...page, problem: news.problem } }
        : model
    default:
      return { ...model, view: ProgramView.update(model.view, news, now) }
  }
}

/** The transitions of a story: those that were read, and those that have come since; the newest first. */
export const storyOf = (
  { view }: Model,
  { domain, transitions }: Extract<Page, { readonly _tag: "Story" }>
): ReadonlyArray<DomainEvent> | undefined => {
  if (transitions === undefined) return undefined
  const newest = transitions[0]?.id ?? ""
  return [...view.events.filter((event) => event.domain === domain && event.id > newest), ...transitions]
}
