import { useMemo, useState } from "react"
import * as Format from "../../src/control/Format.ts"
import { rounds } from "./Rounds.ts"
import { Rows, useNarrow } from "./Rows.tsx"
import { current, useCalm, useKnown } from "./Store.ts"

const percent = (part: number, whole: number) => `${whole === 0 ? 0 : Math.min(100, (100 * part) / whole)}%`

/** The first activation of every domain in this run: how long it waited, and its own work. */
export const Timeline = () => {
  const activations = useCalm(useKnown((state) => state.activations), 300)
  const narrow = useNarrow()
  // The graph does not change in a run.
  const all = useMemo(() => rounds(activations.values(), current().byName), [activations])
  const [chosen, setChosen] = useState(0)
  const index = Math.min(chosen, all.length - 1)
  const round = all[index]
  const startedAt = useKnown((state) => state.stats?.run.startedAt.epochMilliseconds)
  return (
    <section className="card wide" aria-labelledby="timeline">
      <h2 id="timeline">First activations</h2>
      {round === undefined ? <p className="muted">No domain has been active yet.</p> : (
        <>
          <div className="tools">
            {all.length < 2 ? null : (
              <label>
                Round{" "}
                <select value={index} onChange={(event) => setChosen(Number(event.target.value))}>
                  {all.map(({ bars, tick }, i) => (
                    <option key={i} value={i}>tick {tick}, {Format.count(bars.length, "domain")}</option>
                  ))}
                </select>
              </label>
            )}
            <span>
              Tick {Format.number(round.tick)} came {startedAt === undefined
                ? ""
                : `${Format.duration(round.openedAt - startedAt)} after the start of the program `}
              and opened {Format.count(round.bars.length, "domain")} in{" "}
              {Format.count(round.waves, "wave")}; all were active {Format.duration(round.totalMs)} later.
            </span>
          </div>
          <p className="legend">
            <span>
              <i className="bar wait" aria-hidden="true" />waits
            </span>
            <span>
              <i className="bar work" aria-hidden="true" />own work
            </span>
          </p>
          <Rows
            items={round.bars}
            height={narrow ? 44 : 26}
            label="First activations by wave"
            keyOf={({ domain }) => domain}
            row={({ domain, waitMs, wave, workMs }) => (
              <div className="row start">
                <span className="muted wave">wave {wave}</span>
                <a href={`#/domain/${domain}`}>{domain}</a>
                <span className="track" aria-hidden="true">
                  <i className="bar wait" style={{ width: percent(waitMs, round.totalMs) }} />
                  <i
                    className="bar work"
                    style={{ left: percent(waitMs, round.totalMs), width: percent(workMs, round.totalMs) }}
                  />
                </span>
                <span className="times">
                  {Format.duration(workMs)}
                  <span className="muted">{waitMs < 1 ? "" : ` after ${Format.duration(waitMs)}`}</span>
                </span>
              </div>
            )}
          />
        </>
      )}
    </section>
  )
}
