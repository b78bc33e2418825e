import { useMemo } from "react"
import * as Format from "../../src/control/Format.ts"
import { Sentence } from "./Domains.tsx"
import { Operations } from "./Operate.tsx"
import * as PageText from "./PageText.ts"
import { Glyph } from "./Status.tsx"
import { useKnown } from "./Store.ts"

/** The most domains shown here; the list below has the rest. */
const most = 6

/** The domains that are down or silent, why, and what waits because of them. */
export const Troubles = () => {
  const domains = useKnown((state) => state.domains)
  const all = useMemo(() => PageText.troubles(domains), [domains])
  if (all.length === 0) return null
  return (
    <section className="card wide troubles" aria-labelledby="troubles">
      <h2 id="troubles">Needs a look</h2>
      <ul>
        {all.slice(0, most).map(({ domain, held }) => (
          <li key={domain.name} className={`s-${domain.status}`}>
            <Glyph status={domain.status} />
            <div>
              <p>
                <a href={`#/domain/${domain.name}`}>{domain.name}</a> <Sentence domain={domain} />
              </p>
              {held.length === 0 ? null : (
                <p className="muted">
                  {Format.names(held)} {held.length === 1 ? "waits" : "wait"} because of it.
                </p>
              )}
            </div>
            <Operations domain={domain} />
          </li>
        ))}
      </ul>
      {all.length > most
        ? <p className="muted">And {Format.count(all.length - most, "more domain")}, below.</p>
        : null}
    </section>
  )
}
