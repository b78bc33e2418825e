import * as DateTime from "effect/DateTime"
import { memo, useMemo, useState } from "react"
import type { DomainInfo } from "../../src/control/DomainInfo.ts"
import { StatusName } from "../../src/model/DomainStatus.ts"
import * as PageText from "./PageText.ts"
import { Rows, useNarrow } from "./Rows.tsx"
import { label, StatusText } from "./Status.tsx"
import { useKnown, useNow } from "./Store.ts"

/** The time of day, to the second. */
export const clock = (at: DateTime.Utc): string => DateTime.toDate(at).toLocaleTimeString("en-GB")

/** What a domain does and why; told again every second while there is something to count. */
export const Sentence = ({ domain }: { readonly domain: DomainInfo }) => {
  const byName = useKnown((state) => state.byName)
  const tick = useKnown((state) => state.stats?.heartbeat.tickCount ?? state.run?.tick ?? 0)
  const newest = useKnown((state) => Math.max(state.tick?.count ?? 0, tick))
  const skew = useKnown((state) => state.skew)
  const now = useNow(domain.status !== "active" && domain.status !== "inactive")
  return <>{PageText.predicate(domain, byName, newest, now + skew)}</>
}

const Row = memo(({ domain }: { readonly domain: DomainInfo }) => (
  <a className="row domain" href={`#/domain/${domain.name}`} data-domain={domain.name}>
    <StatusText status={domain.status} health={domain.health} />
    <b>{domain.name}</b>
    <span className="what">
      {domain.status === "active" && domain.health !== "silent" && domain.health !== "suspect"
        ? `since ${clock(domain.since)}`
        : <Sentence domain={domain} />}
    </span>
    <span className="muted gen">{domain.generation === 0 ? "" : `gen ${domain.generation}`}</span>
  </a>
))

const order = (domains: ReadonlyArray<DomainInfo>): ReadonlyArray<DomainInfo> => {
  const rank: Record<StatusName, number> = {
    crashed: 0,
    restarting: 1,
    deactivating: 2,
    activating: 3,
    waiting: 4,
    inactive: 5,
    active: 6
  }
  const at = (domain: DomainInfo) => domain.health === "silent" ? 0.5 : rank[domain.status]
  return [...domains].sort((a, b) => at(a) - at(b))
}

/** The list of all domains: what is broken stands first. */
export const Domains = () => {
  const domains = useKnown((state) => state.domains)
  const narrow = useNarrow()
  const [text, setText] = useState("")
  const [status, setStatus] = useState<StatusName | "all">("all")
  const shown = useMemo(
    () =>
      order(
        domains.filter((domain) =>
          domain.name.includes(text.trim().toLowerCase()) && (status === "all" || domain.status === status)
        )
      ),
    [domains, text, status]
  )
  return (
    <section className="card wide" aria-labelledby="domains">
      <h2 id="domains">Domains</h2>
      <div className="tools">
        <label>
          Name <input type="search" value={text} onChange={(event) => setText(event.target.value)} />
        </label>
        <label>
          State{" "}
          <select value={status} onChange={(event) => setStatus(event.target.value as StatusName | "all")}>
            <option value="all">all</option>
            {StatusName.literals.map((name) => <option key={name} value={name}>{label[name]}</option>)}
          </select>
        </label>
        <span className="muted" data-testid="domain-count">
          {shown.length === domains.length
            ? PageText.count(domains.length, "domain")
            : `${PageText.number(shown.length)} of ${PageText.count(domains.length, "domain")}`}
        </span>
      </div>
      <Rows
        items={shown}
        height={narrow ? 58 : 34}
        label="List of domains"
        keyOf={(domain) => domain.name}
        row={(domain) => <Row domain={domain} />}
      />
    </section>
  )
}
