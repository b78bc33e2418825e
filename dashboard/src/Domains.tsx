import { memo, useMemo, useState } from "react"
import type { DomainInfo } from "../../src/control/DomainInfo.ts"
import * as Format from "../../src/control/Format.ts"
import * as StandingText from "../../src/control/StandingText.ts"
import { StatusName } from "../../src/model/DomainStatus.ts"
import { Rows, useNarrow } from "./Rows.tsx"
import { StatusText } from "./Status.tsx"
import { useKnown, useNow } from "./Store.ts"

/** Why a domain is where it is; drawn again every second while there is something to count. */
export const Sentence = ({ domain }: { readonly domain: DomainInfo }) => {
  const byName = useKnown((view) => view.byName)
  const tick = useKnown((view) => view.tick)
  const skew = useKnown((view) => view.skew)
  const now = useNow(domain.status !== "active" && domain.status !== "inactive")
  return <>{StandingText.sentence(domain, { byName, tick, now: now + skew })}</>
}

const Row = memo(({ domain }: { readonly domain: DomainInfo }) => (
  <a className="row domain" href={`#/domain/${domain.name}`} data-domain={domain.name}>
    <StatusText status={domain.status} health={domain.health} />
    <b>{domain.name}</b>
    <span className="what">
      {domain.status === "active" && domain.health !== "silent" && domain.health !== "suspect"
        ? `since ${Format.timeOfDay(domain.since, "local")}`
        : <Sentence domain={domain} />}
    </span>
    <span className="muted gen">{domain.generation === 0 ? "" : `gen ${domain.generation}`}</span>
  </a>
))

/** The list of all domains, trouble first. */
export const Domains = () => {
  const domains = useKnown((state) => state.domains)
  const narrow = useNarrow()
  const [text, setText] = useState("")
  const [status, setStatus] = useState<StatusName | "all">("all")
  const shown = useMemo(
    () =>
      domains.filter((domain) =>
        domain.name.includes(text.trim().toLowerCase()) && (status === "all" || domain.status === status)
      ).sort((a, b) => StandingText.severity(a) - StandingText.severity(b)),
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
            {StatusName.literals.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <span className="muted" data-testid="domain-count">
          {shown.length === domains.length
            ? Format.count(domains.length, "domain")
            : `${Format.number(shown.length)} of ${Format.count(domains.length, "domain")}`}
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
