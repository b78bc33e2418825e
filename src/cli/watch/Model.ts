import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type { Stats } from "../../control/Api.ts"
import type { DomainInfo, DomainList } from "../../control/DomainInfo.ts"
import type { StreamEvent } from "../../control/StreamEvent.ts"
import type { DomainEvent } from "../../model/DomainEvent.ts"

/** Whether the program answers. `since` is when that began, `detail` why it does not; times are the local clock's. */
export type Connection = Data.TaggedEnum<{
  Connecting: { readonly since: number }
  Connected: {}
  Lost: { readonly since: number; readonly detail: string }
}>
export const Connection = Data.taggedEnum<Connection>()

/** A domain's newest activation: when its build began, when it ended and how; in ms of the server's clock. */
export interface Activation {
  readonly domain: string
  readonly tick: number
  readonly wave: number
  readonly openedAt: number
  readonly end: { readonly at: number; readonly outcome: "active" | "failed" } | undefined
}

/** What is shown below the heartbeat. A story's transitions are `undefined` until they have been read. */
export type Page = Data.TaggedEnum<{
  Overview: {}
  Story: {
    readonly domain: string
    readonly transitions: ReadonlyArray<DomainEvent> | undefined
    readonly problem: string | undefined
    readonly scroll: number
  }
  Help: {}
}>
export const Page = Data.taggedEnum<Page>()

/** Everything that is drawn. */
export interface Model {
  readonly url: string
  readonly connection: Connection
  readonly stats: Stats | undefined
  readonly domains: ReadonlyArray<DomainInfo>
  /** The count of the newest tick, and when it was heard of by the local clock. */
  readonly tick: number
  readonly tickAt: number
  /** The lateness of the newest ticks in milliseconds, the newest last. */
  readonly lateness: ReadonlyArray<number>
  /** The newest transitions, the newest last. */
  readonly events: ReadonlyArray<DomainEvent>
  readonly activations: ReadonlyMap<string, Activation>
  /** What was missed or cannot be shown, in a sentence. */
  readonly notice: string | undefined
  readonly page: Page
  readonly lower: "events" | "timeline"
  readonly order: "given" | "trouble"
  readonly selected: string | undefined
  readonly filter: string
  readonly typing: "filter" | "nothing"
  /** How far the server's clock is ahead of the local one, in milliseconds. */
  readonly skew: number
}

/** What is known before the first answer. */
export const make = (url: string, now: number): Model => ({
  url,
  connection: Connection.Connecting({ since: now }),
  stats: undefined,
  domains: [],
  tick: 0,
  tickAt: now,
  lateness: [],
  events: [],
  activations: new Map(),
  notice: undefined,
  page: Page.Overview(),
  lower: "events",
  order: "given",
  selected: undefined,
  filter: "",
  typing: "nothing",
  skew: 0
})

/** What comes from the program. */
export type News = Data.TaggedEnum<{
  /** An attempt begins, at that address. */
  Connecting: { readonly url: string }
  /** The stream has begun; `boot` are the newest activations of its run, `recent` its newest transitions, newest first. */
  Connected: {
    readonly stats: Stats
    readonly boot: ReadonlyArray<DomainEvent>
    readonly recent: ReadonlyArray<DomainEvent>
    readonly notice: string | undefined
  }
  Stats: { readonly stats: Stats }
  Domains: { readonly list: DomainList }
  Streamed: { readonly event: StreamEvent }
  Lost: { readonly detail: string }
  StoryRead: { readonly domain: string; readonly transitions: ReadonlyArray<DomainEvent> }
  StoryUnread: { readonly domain: string; readonly problem: string }
}>
export const News = Data.taggedEnum<News>()

const keptEvents = 500
const keptTicks = 120

/** An activation as its transitions tell it: the transition to `active` carries how long the build took. */
const activated = (before: Activation | undefined, event: DomainEvent): Activation | undefined => {
  const at = event.occurredAt.epochMilliseconds
  const { domain, durationMs, from, tick, to } = event
  if (to === "activating") return { domain, tick, wave: event.wave ?? 0, openedAt: at, end: undefined }
  if (from !== "activating") return before
  const end = { at, outcome: to === "active" ? "active" : "failed" } as const
  return before !== undefined && before.end === undefined
    ? { ...before, end }
    : { domain, tick, wave: event.wave ?? 0, openedAt: at - (durationMs ?? 0), end }
}

const withEvents = (model: Model, events: ReadonlyArray<DomainEvent>): Model => {
  const activations = new Map(model.activations)
  for (const event of events) {
    const activation = activated(activations.get(event.domain), event)
    if (activation !== undefined) activations.set(event.domain, activation)
  }
  const { page } = model
  return {
    ...model,
    activations,
    events: [...model.events, ...events].slice(-keptEvents),
    page: page._tag === "Story" && page.transitions !== undefined
      ? { ...page, transitions: [...page.transitions, ...events.filter(({ domain }) => domain === page.domain)] }
      : page
  }
}

const withTick = (model: Model, count: number, now: number, lateness: ReadonlyArray<number>): Model =>
  count <= model.tick && lateness.length === 0 ? model : {
    ...model,
    tick: count,
    tickAt: now,
    lateness: [...model.lateness, ...lateness].slice(-keptTicks)
  }

const withStats = (model: Model, stats: Stats, now: number): Model => ({
  ...model,
  stats,
  skew: stats.now.epochMilliseconds - now
})

const streamed = (model: Model, { data, event }: StreamEvent, now: number): Model => {
  switch (event) {
    case "hello":
      return model
    case "tick":
      return withTick(model, data.count, now, [Duration.toMillis(data.lateness)])
    case "domain":
      return withEvents(model, [data])
    case "gap":
      return { ...model, notice: data.detail }
  }
}

/** What is known after news; `now` is the local clock's. */
export const update = (model: Model, news: News, now: number): Model => {
  switch (news._tag) {
    case "Connecting":
      return { ...model, url: news.url }
    case "Connected": {
      const fresh = {
        ...model,
        connection: Connection.Connected(),
        notice: news.notice,
        events: [],
        activations: new Map()
      }
      const sameRun = model.stats?.run.runId === news.stats.run.runId
      const known = sameRun ? fresh : { ...fresh, tick: 0, lateness: [], domains: [] }
      const started = withEvents(known, news.boot.toReversed())
      return withTick(
        withStats(
          { ...withEvents(started, news.recent.toReversed()), events: news.recent.toReversed() },
          news.stats,
          now
        ),
        news.stats.heartbeat.tickCount,
        now,
        []
      )
    }
    case "Stats":
      return withStats(model, news.stats, now)
    case "Domains":
      return { ...model, domains: news.list.domains }
    case "Streamed":
      return streamed(model, news.event, now)
    case "Lost":
      return {
        ...model,
        connection: Connection.Lost({
          since: model.connection._tag === "Connected" ? now : model.connection.since,
          detail: news.detail
        })
      }
    case "StoryRead": {
      if (model.page._tag !== "Story" || model.page.domain !== news.domain) return model
      const last = news.transitions[0]?.id ?? ""
      const since = model.events.filter((event) => event.domain === news.domain && event.id > last)
      return {
        ...model,
        page: { ...model.page, transitions: [...news.transitions.toReversed(), ...since], problem: undefined }
      }
    }
    case "StoryUnread":
      return model.page._tag === "Story" && model.page.domain === news.domain
        ? { ...model, page: { ...model.page, problem: news.problem } }
        : model
  }
}
