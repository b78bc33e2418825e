import * as DateTime from "effect/DateTime"
import { useMemo, useState } from "react"
import * as Format from "../../src/control/Format.ts"
import * as TransitionText from "../../src/control/TransitionText.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import { StatusName } from "../../src/model/DomainStatus.ts"
import { readOlder } from "./Connection.ts"
import { Rows, useNarrow } from "./Rows.tsx"
import { Glyph } from "./Status.tsx"
import { useCalm, useKnown } from "./Store.ts"

/** A transition as one line. */
export const EventRow = ({ event, named }: { readonly event: DomainEvent; readonly named: boolean }) => (
  <div className="row event">
    <time className="muted" dateTime={DateTime.formatIso(event.occurredAt)}>
      {Format.timeOfDay(event.occurredAt, "local")}
    </time>
    <Glyph status={event.to} />
    <span className="what">
      {named ? <a href={`#/domain/${event.domain}`}>{event.domain}</a> : <b>Generation {event.generation}</b>} became
      {" "}
      {event.to}: {TransitionText.describe(event)}
    </span>
    <span className="muted gen">tick {Format.number(event.tick)}</span>
  </div>
)

/** All transitions, the newest first. */
export const Feed = () => {
  const live = useCalm(useKnown((state) => state.events), 250)
  const older = useKnown((state) => state.older)
  const narrow = useNarrow()
  const [held, hold] = useState<ReadonlyArray<DomainEvent> | undefined>(undefined)
  const [text, setText] = useState("")
  const [status, setStatus] = useState<StatusName | "all">("all")
  const [reading, setReading] = useState<"idle" | "reading" | "failed">("idle")
  const events = held ?? live
  const shown = useMemo(() => {
    const wanted = text.trim().toLowerCase()
    return events.filter((event) =>
      (status === "all" || event.to === status) &&
      (wanted === "" || `${event.domain} ${event.to} ${TransitionText.describe(event)}`.toLowerCase().includes(wanted))
    )
  }, [events, text, status])
  return (
    <section className="card wide" aria-labelledby="feed">
      <h2 id="feed">Transitions</h2>
      <div className="tools">
        <label>
          Find <input type="search" value={text} onChange={(event) => setText(event.target.value)} />
        </label>
        <label>
          Became{" "}
          <select value={status} onChange={(event) => setStatus(event.target.value as StatusName | "all")}>
            <option value="all">anything</option>
            {StatusName.literals.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <button
          type="button"
          aria-pressed={held !== undefined}
          onClick={() => hold(held === undefined ? live : undefined)}
        >
          {held === undefined ? "Pause" : "Continue"}
        </button>
        <span className="muted">
          {held === undefined
            ? Format.count(shown.length, "transition")
            : `${Format.count(live.filter(({ id }) => id > (held[0]?.id ?? "")).length, "newer transition")} not shown`}
        </span>
      </div>
      {shown.length === 0 ?
        <p className="muted">No transition{text === "" && status === "all" ? " yet" : " matches"}.</p> :
        (
          <Rows
            items={shown}
            height={narrow ? 54 : 28}
            label="Transitions, the newest first"
            keyOf={({ id }) => id}
            row={(event) => <EventRow event={event} named />}
          />
        )}
      {older === undefined || held !== undefined ? null : (
        <button
          type="button"
          disabled={reading === "reading"}
          onClick={() => {
            setReading("reading")
            void readOlder().then((result) => setReading(result === "read" ? "idle" : "failed"))
          }}
        >
          {reading === "failed" ? "The trail cannot be read now: try again" : "Read older transitions"}
        </button>
      )}
    </section>
  )
}
