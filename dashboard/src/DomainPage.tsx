import * as DateTime from "effect/DateTime"
import { useEffect, useMemo, useRef, useState } from "react"
import type { DomainInfo } from "../../src/control/DomainInfo.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import { historyOf } from "./Connection.ts"
import { clock, Sentence } from "./Domains.tsx"
import { EventRow } from "./Feed.tsx"
import { Operations } from "./Operate.tsx"
import * as PageText from "./PageText.ts"
import { Rows, useNarrow } from "./Rows.tsx"
import { StatusText } from "./Status.tsx"
import { useKnown, useNow } from "./Store.ts"

/** At most so many neighbours are named. */
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
    {all.length > most ? <p className="muted">And {PageText.number(all.length - most)} more.</p> : null}
  </section>
)

/** The time of day, with the date when it was another day. */
const moment = (at: DateTime.Utc) => {
  const date = DateTime.toDate(at)
  return date.toDateString() === new Date().toDateString() ? clock(at) : date.toLocaleString("en-GB")
}

const Facts = ({ domain }: { readonly domain: DomainInfo }) => {
  const skew = useKnown((state) => state.skew)
  const tick = useKnown((state) => state.tick?.count ?? state.stats?.heartbeat.tickCount ?? 0)
  const now = useNow() + skew
  return (
    <dl className="facts">
      <dt>State</dt>
      <dd>
        <StatusText status={domain.status} health={domain.health} />
      </dd>
      <dt>For</dt>
      <dd title={moment(domain.since)}>
        {PageText.duration(Math.max(1000, Math.floor((now - DateTime.toEpochMillis(domain.since)) / 1000) * 1000))}
      </dd>
      <dt>Generation</dt>
      <dd>{domain.generation === 0 ? "not built yet" : PageText.number(domain.generation)}</dd>
      <dt>Last became active</dt>
      <dd>{domain.activatedAt === null ? "never" : moment(domain.activatedAt)}</dd>
      <dt>Opened by</dt>
      <dd>
        {domain.opening === null
          ? "–"
          : `tick ${PageText.number(domain.opening.tick)}, wave ${PageText.number(domain.opening.wave)}`}
      </dd>
      <dt>Last tick</dt>
      <dd>{PageText.number(domain.status === "active" ? tick : domain.lastTick)}</dd>
      <dt>Starts from tick</dt>
      <dd>{PageText.number(domain.activationTick)}</dd>
      <dt>Answers its ticks</dt>
      <dd>{domain.health ?? (domain.status === "active" ? "takes none" : "–")}</dd>
      <dt>Without it</dt>
      <dd>{domain.criticality === "required" ? "the program is not ready" : "the program is ready, degraded"}</dd>
    </dl>
  )
}

type Past =
  | { readonly _tag: "Reading" }
  | { readonly _tag: "Read"; readonly events: ReadonlyArray<DomainEvent> }
  | { readonly _tag: "Failed" }

/** The domain's transitions: those of the trail, and what has happened since. */
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
  if (crashes.length === 0) return <p className="muted">It has not crashed, as far back as is read here.</p>
  return (
    <>
      {crashes.slice(0, 5).map((event, i) => (
        <details key={event.id} open={i === 0}>
          <summary>
            <time dateTime={DateTime.formatIso(event.occurredAt)}>{clock(event.occurredAt)}</time>, generation{" "}
            {event.generation}: {PageText.firstLine(event.cause ?? event.reason)}
          </summary>
          <pre tabIndex={0}>{event.cause ?? "No cause was kept."}</pre>
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
        <p>{domains.length === 0 ? "Nothing is known yet." : "There is no domain of that name."}</p>
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
        <Neighbours id="below" title="It depends on" none="No other domain." all={named(domain.dependsOn)} />
        {domain.after.length === 0
          ? null
          : <Neighbours id="before" title="It starts after" none="" all={named(domain.after)} />}
        <Neighbours id="above" title="Depend on it" none="No other domain." all={users} />
      </section>
      <section className="card wide" aria-labelledby="causes">
        <h2 id="causes">
          Why it crashed{" "}
          <span className="muted">
            {restarts === 0
              ? ""
              : `${PageText.count(restarts, "restart")} in its newest ${PageText.count(events.length, "transition")}`}
          </span>
        </h2>
        <Causes events={events} />
      </section>
      <section className="card wide" aria-labelledby="past">
        <h2 id="past">Its history</h2>
        {reading === "Failed"
          ? <p className="note bad">The trail cannot be read now; this is what the page saw.</p>
          : null}
        {events.length === 0
          ? <p className="muted">{reading === "Reading" ? "Reading…" : "Nothing yet."}</p>
          : (
            <Rows
              items={events}
              height={narrow ? 54 : 28}
              label="Its history, newest first"
              keyOf={({ id }) => id}
              row={(event) => <EventRow event={event} named={false} />}
            />
          )}
      </section>
    </>
  )
}
