import { StatusName } from "../../model/DomainStatus.ts"
import { age, count, millis, oneLine, paintStatus } from "../text/Show.ts"
import type { Style } from "../text/Style.ts"
import { between, type Line, type Span } from "./Line.ts"
import type { Model } from "./Model.ts"

const bars = "▁▂▃▄▅▆▇█"

/** Lateness below this is nothing to look at, in milliseconds: the drawing is never steeper. */
const calm = 10

/** The newest values as bars of eight heights, `width` cells wide. */
export const sparkline = (values: ReadonlyArray<number>, width: number): string => {
  const shown = width <= 0 ? [] : values.slice(-width)
  const highest = Math.max(calm, ...shown)
  return shown.map((value) => bars[Math.min(7, Math.floor((Math.max(0, value) / highest) * 8))]!).join("")
}

/** How long the pulse is seen after a tick, in milliseconds. */
const pulse = 250

const joined = (parts: ReadonlyArray<Line>, gap: string): Line =>
  parts.flatMap((part, i) => i === 0 ? part : [gap, ...part])

const beat = (model: Model, style: Style, now: number): Line => {
  if (model.stats === undefined) return [["○ no tick yet", style.dim]]
  const { interval } = model.stats.heartbeat
  const silence = now - model.tickAt
  const late = model.connection._tag === "Connected" && silence > Math.max(3 * interval, 3000)
  if (late) return [[`○ no tick for ${age(silence)}`, style.red], `, the last was ${count(model.tick)}`]
  const heart: Span = silence < Math.min(pulse, interval / 2) ? ["●", style.green] : ["○", style.green]
  return [heart, " tick ", [count(model.tick), style.bold], ` every ${millis(interval)}`]
}

/** The line on the program and its run. */
export const title = ({ skew, stats, url }: Model, style: Style, width: number, now: number): Line => {
  if (stats === undefined) return between([["Thunderline", style.bold]], [url], width)
  const { heartbeat, run } = stats
  const name: Line = [["Thunderline", style.bold], ` ${oneLine(run.app)} ${oneLine(run.version)}`]
  const up = `up ${age(now + skew - run.startedAt.epochMilliseconds)}`
  const more: Line = [`run ${run.runId.slice(0, 8)}…${run.runId.slice(-4)}  epoch ${heartbeat.epoch}  ${up}`]
  const both = between(name, more, width)
  return both === name ? between(name, [up], width) : both
}

/** The line on the heartbeat: tick, pulse, lateness with its recent course, skipped beats. */
export const heartbeat = (model: Model, style: Style, width: number, now: number): Line => {
  const left = beat(model, style, now)
  if (model.stats === undefined) return left
  const { lateness, skipped } = model.stats.heartbeat
  const skippedText: Line = [[`skipped ${count(skipped)}`, skipped === 0 ? style.dim : style.yellow]]
  const figures = `late p50 ${millis(lateness.p50)} p99 ${millis(lateness.p99)} max ${millis(lateness.max)}`
  const full = joined([left, [figures], skippedText], "  ")
  const room = width - full.reduce((sum, span) => sum + (typeof span === "string" ? span : span[0]).length, 0) - 2
  if (room >= 8) {
    return [
      ...joined([left, [figures]], "  "),
      " ",
      [sparkline(model.lateness, room - 1), style.cyan],
      "  ",
      ...skippedText
    ]
  }
  return joined([left, [`late p99 ${millis(lateness.p99)}`], skippedText], "  ")
}

/** The line on the domains by state, and on the trail. */
export const summary = ({ connection, domains, stats }: Model, style: Style, width: number): Line => {
  if (stats === undefined) return []
  const counts = new Map(StatusName.literals.map((name) => [name, 0]))
  for (const { status } of domains) counts.set(status, counts.get(status)! + 1)
  const states = Array.from(counts).filter(([_, n]) => n > 0).map(([name, n]): Line => [[
    `${count(n)} ${name}`,
    paintStatus(name, style)
  ]])
  const left = joined([[`${count(domains.length)} ${domains.length === 1 ? "domain" : "domains"}`], ...states], "  ")
  const { backend, backlog, detail, dropped, durable, status } = stats.trail
  const waiting = backlog === 0 ? "" : `, ${count(backlog)} waiting`
  const lost = dropped === 0 ? "" : `, ${count(dropped)} lost`
  const trail: Line = connection._tag !== "Connected"
    ? []
    : status === "ok"
    ? [[`trail ${durable ? "ok" : `in ${backend}`}${waiting}${lost}`, dropped > 0 ? style.yellow : style.dim]]
    : [[`trail degraded${waiting}${lost}`, style.red]]
  const wide = status === "degraded" && detail !== null
    ? between(left, [...trail, [`: ${oneLine(detail)}`, style.red]], width)
    : left
  return wide === left ? between(left, trail, width) : wide
}

/** The line that says what is wrong between here and the program; none while all is well. */
export const trouble = ({ connection, notice, url }: Model, style: Style, now: number): Line | undefined => {
  switch (connection._tag) {
    case "Connecting":
      return [[`Connecting to ${url} …`, style.yellow]]
    case "Lost":
      return [[
        `No answer from ${url} for ${age(now - connection.since)}, retrying: ${connection.detail}`,
        style.red
      ]]
    case "Connected":
      return notice === undefined ? undefined : [[oneLine(notice), style.yellow]]
  }
}
