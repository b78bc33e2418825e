import * as DateTime from "effect/DateTime"
import { useKnown, useNow } from "./Store.ts"
import * as Words from "./Words.ts"

/** The trail, telemetry, and the program itself. */
export const Surroundings = () => {
  const stats = useKnown((state) => state.stats)
  const skew = useKnown((state) => state.skew)
  const now = useNow()
  if (stats === undefined) return null
  const { audit, followers, run, telemetry } = stats
  const kept = audit.backend === "memory" ? "in memory, gone when the program ends" : "in PostgreSQL"
  return (
    <section className="card" aria-labelledby="surroundings">
      <h2 id="surroundings">Trail and telemetry</h2>
      <p className={audit.status === "degraded" ? "note bad" : "note"}>
        {audit.status === "ok"
          ? `Every transition is written ${kept}.`
          : `The trail cannot be written${
            audit.since === null ? "" : ` since ${DateTime.toDate(audit.since).toLocaleTimeString()}`
          }: ${audit.detail ?? "the database is away"}. Domains are not affected.`}
      </p>
      <dl className="facts">
        <dt>Audit</dt>
        <dd>{audit.status}</dd>
        <dt>Written</dt>
        <dd>{Words.number(audit.written)}</dd>
        <dt>Not written yet</dt>
        <dd>{Words.number(audit.backlog)}</dd>
        <dt>Lost</dt>
        <dd>{Words.number(audit.dropped)}</dd>
        <dt>Telemetry</dt>
        <dd>{telemetry.collector ?? "not sent anywhere"}</dd>
        <dt>Watching live</dt>
        <dd>{Words.number(followers)}</dd>
        <dt>Running for</dt>
        <dd>{Words.duration(Math.max(1000, now + skew - DateTime.toEpochMillis(run.startedAt)))}</dd>
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
