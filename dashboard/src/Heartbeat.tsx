import * as Format from "../../src/control/Format.ts"
import { useKnown, useNow } from "./Store.ts"

const width = 240
const height = 44

/** The lateness of the last ticks as a line. */
const Sparkline = ({ values }: { readonly values: ReadonlyArray<number> }) => {
  const top = Math.max(5, ...values)
  const x = (i: number) => (width * (i + 120 - values.length)) / 119
  const y = (value: number) => height - 2 - (value / top) * (height - 6)
  const points = values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ")
  return (
    <figure className="spark">
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        <line x1="0" x2={width} y1={height - 2} y2={height - 2} className="axis" />
        <polyline points={points} fill="none" />
      </svg>
      <figcaption>
        {values.length === 0
          ? "No tick since this page was opened"
          : `Lateness of the last ${Format.count(values.length, "tick")}, up to ${
            Format.duration(Math.max(...values))
          }`}
      </figcaption>
    </figure>
  )
}

/** The newest tick, for the head of the page. */
export const TickText = () => {
  const tick = useKnown((view) => view.tick)
  return tick === 0 ? null : <span className="muted">tick {Format.number(tick)}</span>
}

/** How long ago something was. */
export const ago = (ms: number): string => ms < 1000 ? "just now" : `${Format.elapsed(ms)} ago`

export const Heartbeat = () => {
  const tick = useKnown((view) => view.tick)
  const tickAt = useKnown((state) => state.tickAt)
  const heartbeat = useKnown((state) => state.stats?.heartbeat)
  const values = useKnown((state) => state.lateness)
  const live = useKnown((state) => state.link._tag === "Live")
  const now = useNow()
  return (
    <section className="card" aria-labelledby="heartbeat">
      <h2 id="heartbeat">Heartbeat</h2>
      <p className="beat">
        <span key={tick} className={live && tickAt !== 0 ? "pulse beating" : "pulse"} aria-hidden="true" />
        <span className="figure" data-testid="tick">tick {tick === 0 ? "–" : Format.number(tick)}</span>
        <span className="muted">
          {tickAt === 0
            ? heartbeat === undefined ? "" : `one every ${Format.duration(heartbeat.interval)}`
            : ago(now - tickAt)}
        </span>
      </p>
      <Sparkline values={values} />
      {heartbeat === undefined ? null : (
        <dl className="facts">
          <dt>Interval</dt>
          <dd>{Format.duration(heartbeat.interval)}</dd>
          <dt>Lateness, median</dt>
          <dd>{Format.duration(heartbeat.lateness.p50)}</dd>
          <dt>Lateness, p99</dt>
          <dd>{Format.duration(heartbeat.lateness.p99)}</dd>
          <dt>Lateness, worst</dt>
          <dd>{Format.duration(heartbeat.lateness.max)}</dd>
          <dt>Skipped beats</dt>
          <dd>{Format.number(heartbeat.skipped)}</dd>
          <dt>Epoch</dt>
          <dd>{Format.number(heartbeat.epoch)}</dd>
          <dt>Beating for</dt>
          <dd>{Format.elapsed(heartbeat.uptime)}</dd>
        </dl>
      )}
    </section>
  )
}
