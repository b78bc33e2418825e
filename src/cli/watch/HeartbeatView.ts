import * as Format from "../../control/Format.ts"
import { type ProgramView, silenceOf } from "../../control/ProgramView.ts"
import { StatusName } from "../../model/DomainStatus.ts"
import { paintStatus, type Style } from "../text/Style.ts"
import { between, type Line, type Span } from "./Line.ts"
import type { Model } from "./Model.ts"

const bars = "▁▂▃▄▅▆▇█"

/** The least top of the drawing, in milliseconds: a small lateness is not drawn large. */
const calm = 10

/** The newest values as bars of eight heights, `width` cells wide. */
export const sparkline = (values: ReadonlyArray<number>, width: number): string => {
  const shown = width <= 0 ? [] : values.slice(-width)
  const highest = Math.max(calm, ...shown)
  return shown.map((value) => bars[Math.min(7, Math.floor((Math.max(0, value) / highest) * 8))]!).join("")
}

/** How long the pulse is shown after a tick, in milliseconds. */
const pulse = 250

const joined = (parts: ReadonlyArray<Line>, gap: string): Line =>
  parts.flatMap((part, i) => i === 0 ? part : [gap, ...part])

const beat = (view: ProgramView, style: Style, now: number): Line => {
  const { stats, tick, tickAt } = view
  if (stats === undefined || tick === 0) return [["○ no tick yet", style.dim]]
  const { interval } = stats.heartbeat
  const silence = silenceOf(view, now)
  if (silence !== undefined) {
    return [[`○ no tick for ${Format.elapsed(silence)}`, style.red], `, the last was ${Format.number(tick)}`]
  }
  const heart: Span = now - tickAt < Math.min(pulse, interval / 2) ? ["●", style.green] : ["○", style.green]
  return [heart, " tick ", [Format.number(tick), style.bold], ` every ${Format.duration(interval)}`]
}

/** The line on the program and its run. */
export const title = ({ url, view: { skew, stats } }: Model, style: Style, width: number, now: number): Line => {
  if (stats === undefined) return between([["Thunderline", style.bold]], [url], width)
  const { heartbeat, run } = stats
  const name: Line = [["Thunderline", style.bold], ` ${Format.oneLine(run.app)} ${Format.oneLine(run.version)}`]
  const up = `up ${Format.elapsed(now + skew - run.startedAt.epochMilliseconds)}`
  const more: Line = [`run ${run.runId.slice(0, 8)}…${run.runId.slice(-4)}  epoch ${heartbeat.epoch}  ${up}`]
  const both = between(name, more, width)
  return both === name ? between(name, [up], width) : both
}

/** The line on the heartbeat: pulse, tick, lateness, a drawing of the newest lateness, skipped beats. */
export const heartbeat = ({ view }: Model, style: Style, width: number, now: number): Line => {
  const left = beat(view, style, now)
  if (view.stats === undefined) return left
  const { lateness, skipped } = view.stats.heartbeat
  const skippedText: Line = [[`skipped ${Format.number(skipped)}`, skipped === 0 ? style.dim : style.yellow]]
  const figures = `late p50 ${Format.duration(lateness.p50)} p99 ${Format.duration(lateness.p99)} max ${
    Format.duration(lateness.max)
  }`
  const full = joined([left, [figures], skippedText], "  ")
  const room = width - full.reduce((sum, span) => sum + (typeof span === "string" ? span : span[0]).length, 0) - 2
  if (room >= 8) {
    return [
      ...joined([left, [figures]], "  "),
      " ",
      [sparkline(view.lateness, room - 1), style.cyan],
      "  ",
      ...skippedText
    ]
  }
  return joined([left, [`late p99 ${Format.duration(lateness.p99)}`], skippedText], "  ")
}

/** The line on the domains by state, and on the trail. */
export const summary = ({ view: { domains, link, stats } }: Model, style: Style, width: number): Line => {
  if (stats === undefined) return []
  const counts = new Map(StatusName.literals.map((name) => [name, 0]))
  for (const { status } of domains) counts.set(status, counts.get(status)! + 1)
  const states = Array.from(counts).filter(([_, n]) => n > 0).map(([name, n]): Line => [[
    `${Format.number(n)} ${name}`,
    paintStatus(name, style)
  ]])
  const left = joined(
    [[Format.count(domains.length, "domain")], ...states],
    "  "
  )
  const { backend, backlog, detail, dropped, durable, status } = stats.trail
  const waiting = backlog === 0 ? "" : `, ${Format.number(backlog)} waiting`
  const lost = dropped === 0 ? "" : `, ${Format.number(dropped)} dropped`
  const trail: Line = link._tag !== "Live"
    ? []
    : status === "ok"
    ? [[`trail ${durable ? "ok" : `in ${backend}`}${waiting}${lost}`, dropped > 0 ? style.yellow : style.dim]]
    : [[`trail degraded${waiting}${lost}`, style.red]]
  const wide = status === "degraded" && detail !== null
    ? between(left, [...trail, [`: ${Format.oneLine(detail)}`, style.red]], width)
    : left
  return wide === left ? between(left, trail, width) : wide
}

/** The line that says why the picture may not be up to date; none if it is. */
export const trouble = ({ url, view: { link, notice } }: Model, style: Style, now: number): Line | undefined => {
  switch (link._tag) {
    case "Connecting":
      return [[`Connecting to ${url} …`, style.yellow]]
    case "Lost":
      return [[`No answer from ${url} for ${Format.elapsed(now - link.since)}, retrying: ${link.reason}`, style.red]]
    case "Locked":
      return [[`${url} shows nothing without its token: set THUNDERLINE_TOKEN, or name its --state-dir`, style.red]]
    case "Live":
      return notice === undefined ? undefined : [[Format.oneLine(notice), style.yellow]]
  }
}
