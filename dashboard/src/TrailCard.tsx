import * as DateTime from "effect/DateTime"
import * as PageText from "./PageText.ts"
import { useKnown, useNow } from "./Store.ts"

/** The trail, telemetry, and the program itself. */
export const TrailCard = () => {
  const stats = useKnown((state) => state.stats)
  const skew = useKnown((state) => state.skew)
  const now = useNow()
  if (stats === undefined) return null
  const { trail, followers, run, telemetry } = stats
  const kept = trail.durable ? `in ${trail.backend}` : `in ${trail.backend}, gone when the program ends`
  return (
    <section className="card" aria-labelledby="trail-card">
      <h2 id="trail-card">Trail and telemetry</h2>
      <p className={trail.status === "degraded" ? "note bad" : "note"}>
        {trail.status === "ok"
          ? `Every transition is written ${kept}.`
          : `The trail cannot be written${
            trail.since === null ? "" : ` since ${DateTime.toDate(trail.since).toLocaleTimeString()}`
          }: ${trail.detail ?? "the database is away"}. Domains are not affected.`}
      </p>
      <dl className="facts">
        <dt>Trail</dt>
        <dd>{trail.status}</dd>
        <dt>Written</dt>
        <dd>{PageText.number(trail.written)}</dd>
        <dt>Not written yet</dt>
        <dd>{PageText.number(trail.backlog)}</dd>
        <dt>Lost</dt>
        <dd>{PageText.number(trail.dropped)}</dd>
        <dt>Telemetry</dt>
        <dd>{telemetry.collector ?? "not sent anywhere"}</dd>
        <dt>Watching live</dt>
        <dd>{PageText.number(followers)}</dd>
        <dt>Running for</dt>
        <dd>{PageText.duration(Math.max(1000, now + skew - DateTime.toEpochMillis(run.startedAt)))}</dd>
        <dt>Version</dt>
        <dd>{run.version}</dd>
        <dt>Node</dt>
        <dd>{run.node}</dd>
        <dt>Run</dt>
        <dd className="mono">{run.runId}</dd>
      </dl>
    </section>
  )
}
