import * as DateTime from "effect/DateTime"
import { useEffect, useMemo, useRef, useState } from "react"
import type { DomainInfo } from "../../src/control/DomainInfo.ts"
import * as Format from "../../src/control/Format.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import { historyOf } from "./Connection.ts"
import { Sentence } from "./Domains.tsx"
import { EventRow } from "./Feed.tsx"
import { Operations } from "./Operate.tsx"
import { Rows, useNarrow } from "./Rows.tsx"
import { StatusText } from "./Status.tsx"
import { useKnown, useNow } from "./Store.ts"

/** The most neighbours that are shown. */
const most = 24

const Neighbours = ({ all, id, none, title }: {
  readonly id: string
  readonly title: string
  readonly none: string
  readonly all: ReadonlyArray<DomainInfo>
}) => (
  <section aria-labelledby={id}>
    <h3 id={id}>{title}</h3>
    {all.length === 0 ? <p className="muted">{none}</p> : (
      <ul className="chips">
        {all.slice(0, most).map(({ health, name, status }) => (
          <li key={name}>
            <a className={`chip s-${status}`} href={`#/domain/${name}`}>
              <b>{name}</b> <StatusText status={status} health={health} />
            </a>
          </li>
        ))}
      </ul>
    )}
    {all.length > most ? <p className="muted">And {Format.number(all.length - most)} more.</p> : null}
  </section>
)

/** The time of day, with the date if it was not today. */
const moment = (at: DateTime.Utc) => {
  const today = Format.dateTime(DateTime.makeUnsafe(Date.now()), "local").slice(0, 10)
  const text = Format.dateTime(at, "local")
  return text.startsWith(today) ? text.slice(11) : text
}

const Facts = ({ domain }: { readonly domain: DomainInfo }) => {
  const skew = useKnown((state) => state.skew)
  const tick = useKnown((view) => view.tick)
  const now = useNow() + skew
  return (
    <dl className="facts">
      <dt>State</dt>
      <dd>
        <StatusText status={domain.status} health={domain.health} />
      </dd>
      <dt>For</dt>
      <dd title={moment(domain.since)}>
        {Format.elapsed(now - domain.since.epochMilliseconds)}
      </dd>
      <dt>Generation</dt>
      <dd>{Format.number(domain.generation)}</dd>
      <dt>Last became active</dt>
      <dd>{domain.activatedAt === null ? "never" : moment(domain.activatedAt)}</dd>
      <dt>Gate opened by</dt>
      <dd>
        {domain.opening === null
          ? "–"
          : `tick ${Format.number(domain.opening.tick)}, wave ${Format.number(domain.opening.wave)}`}
      </dd>
      <dt>Last tick</dt>
      <dd>{Format.number(domain.status === "active" ? tick : domain.lastTick)}</dd>
      <dt>Activates from tick</dt>
      <dd>{Format.number(domain.activationTick)}</dd>
      <dt>Health</dt>
      <dd>{domain.health ?? (domain.status === "active" ? "has no onTick" : "–")}</dd>
      <dt>Without it</dt>
      <dd>{domain.criticality === "required" ? "the program is not ready" : "the program is ready, but degraded"}</dd>
    </dl>
  )
}

type Past =
  | { readonly _tag: "Reading" }
  | { readonly _tag: "Read"; readonly events: ReadonlyArray<DomainEvent> }
  | { readonly _tag: "Failed" }

/** The domain's transitions: those in the trail, and those since. */
const usePast = (name: string, link: string): readonly [Past["_tag"], ReadonlyArray<DomainEvent>] => {
  const [past, set] = useState<Past>({ _tag: "Reading" })
  const live = useKnown((state) => state.events)
  useEffect(() => {
    if (link !== "Live") return
    const aborted = new AbortController()
    historyOf(name, aborted.signal).then(
      (events) => set({ _tag: "Read", events }),
      () => {
        if (!aborted.signal.aborted) set({ _tag: "Failed" })
      }
    )
    return () => aborted.abort()
  }, [name, link])
  const events = useMemo(() => {
    const read = past._tag === "Read" ? past.events : []
    const known = new Set(read.map(({ id }) => id))
    const fresh = live.filter(({ domain, id }) => domain === name && !known.has(id))
    return [...fresh, ...read].sort((a, b) => a.id < b.id ? 1 : -1)
  }, [past, live, name])
  return [past._tag, events]
}

const Causes = ({ events }: { readonly events: ReadonlyArray<DomainEvent> }) => {
  const crashes = events.filter(({ to }) => to === "crashed")
  if (crashes.length === 0) return <p className="muted">No crash is among its newest transitions.</p>
  return (
    <>
      {crashes.slice(0, 5).map((event, i) => (
        <details key={event.id} open={i === 0}>
          <summary>
            <time dateTime={DateTime.formatIso(event.occurredAt)}>{Format.timeOfDay(event.occurredAt, "local")}</time>,
            generation {event.generation}: {Format.firstLine(event.cause ?? event.reason)}
          </summary>
          <pre tabIndex={0}>{event.cause ?? "No cause is known."}</pre>
        </details>
      ))}
    </>
  )
}

/** Everything about one domain. */
export const DomainPage = ({ name }: { readonly name: string }) => {
  const domain = useKnown((state) => state.byName.get(name))
  const byName = useKnown((state) => state.byName)
  const domains = useKnown((state) => state.domains)
  const link = useKnown((state) => state.link._tag)
  const narrow = useNarrow()
  const [reading, events] = usePast(name, link)
  const title = useRef<HTMLHeadingElement>(null)
  const found = domain !== undefined
  useEffect(() => title.current?.focus(), [name, found])
  const users = useMemo(() => domains.filter(({ dependsOn }) => dependsOn.includes(name)), [domains, name])
  if (domain === undefined) {
    return (
      <section className="card wide">
        <p>
          <a href="#/">All domains</a>
        </p>
        <h1 ref={title} tabIndex={-1}>{name}</h1>
        <p>{domains.length === 0 ? "No domains are known yet." : "There is no domain of that name."}</p>
      </section>
    )
  }
  const named = (names: ReadonlyArray<string>) => names.flatMap((name) => byName.get(name) ?? [])
  const restarts = events.filter(({ to }) => to === "restarting").length
  return (
    <>
      <header className="title">
        <p>
          <a href="#/">All domains</a>
        </p>
        <h1 ref={title} tabIndex={-1}>
          {name}{" "}
          <span className="sentence">
            <Sentence domain={domain} />
          </span>
        </h1>
        <Operations domain={domain} />
      </header>
      <section className="card" aria-labelledby="facts">
        <h2 id="facts">State</h2>
        <Facts domain={domain} />
      </section>
      <section className="card" aria-labelledby="neighbours">
        <h2 id="neighbours">Neighbours</h2>
        <Neighbours id="below" title="Depends on" none="No other domain." all={named(domain.dependsOn)} />
        {domain.after.length === 0
          ? null
          : <Neighbours id="before" title="It activates after" none="" all={named(domain.after)} />}
        <Neighbours id="above" title="Needed by" none="No other domain." all={users} />
      </section>
      <section className="card wide" aria-labelledby="causes">
        <h2 id="causes">
          Crashes{" "}
          <span className="muted">
            {restarts === 0
              ? ""
              : `${Format.count(restarts, "restart")} in its newest ${Format.count(events.length, "transition")}`}
          </span>
        </h2>
        <Causes events={events} />
      </section>
      <section className="card wide" aria-labelledby="past">
        <h2 id="past">Transitions</h2>
        {reading === "Failed"
          ? <p className="note bad">The trail cannot be read now: these are the transitions that the page has seen.</p>
          : null}
        {events.length === 0
          ? <p className="muted">{reading === "Reading" ? "Reading…" : "No transition yet."}</p>
          : (
            <Rows
              items={events}
              height={narrow ? 54 : 28}
              label="Transitions, the newest first"
              keyOf={({ id }) => id}
              row={(event) => <EventRow event={event} named={false} />}
            />
          )}
      </section>
    </>
  )
}
