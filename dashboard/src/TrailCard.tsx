import * as Format from "../../src/control/Format.ts"
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
          ? `Transitions are kept ${kept}.`
          : `The trail is degraded${trail.since === null ? "" : ` since ${Format.timeOfDay(trail.since, "local")}`}: ${
            trail.detail ?? "the database does not answer"
          }. Domains are not affected.`}
      </p>
      <dl className="facts">
        <dt>Trail</dt>
        <dd>{trail.status}</dd>
        <dt>Written</dt>
        <dd>{Format.number(trail.written)}</dd>
        <dt>Not written yet</dt>
        <dd>{Format.number(trail.backlog)}</dd>
        <dt>Dropped</dt>
        <dd>{Format.number(trail.dropped)}</dd>
        <dt>Telemetry</dt>
        <dd>{telemetry.collector ?? "not sent anywhere"}</dd>
        <dt>Clients of the stream</dt>
        <dd>{Format.number(followers)}</dd>
        <dt>Running for</dt>
        <dd>{Format.elapsed(now + skew - run.startedAt.epochMilliseconds)}</dd>
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
