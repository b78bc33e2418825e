import { type MouseEvent, useMemo } from "react"
import type { DomainInfo } from "../../src/control/DomainInfo.ts"
import * as Format from "../../src/control/Format.ts"
import { columns, picture } from "./Layers.ts"
import * as PageText from "./PageText.ts"
import { useNarrow } from "./Rows.tsx"
import { Glyph, StatusText } from "./Status.tsx"
import { useCalm, useKnown } from "./Store.ts"

/** The most domains that are drawn with their lines; more are drawn as a map of marks. */
const most = 40

const href = (name: string) => `#/domain/${name}`

const Picture = ({ domains }: { readonly domains: ReadonlyArray<DomainInfo> }) => {
  const narrow = useNarrow()
  // The places depend only on the graph, which does not change in a run.
  const shape = domains.map(({ name }) => name).join(" ")
  const { lanes, places, rows } = useMemo(() => picture(domains), [shape])
  const byName = useKnown((state) => state.byName)
  const size = narrow ? { w: 120, h: 54, x: 126, y: 84 } : { w: 168, h: 54, x: 216, y: 64 }
  const at = (column: number, row: number) =>
    narrow ? { x: row * size.x, y: column * size.y } : { x: column * size.x, y: row * size.y }
  const spots = new Map(places.map((place) => [place.domain.name, place]))
  const depth = Math.max(...places.map(({ column }) => column)) + 1
  const [across, along] = narrow ? [rows, depth] : [depth, rows]
  const width = (across - 1) * size.x + size.w
  const height = (along - 1) * size.y + size.h
  // Where lines enter and leave a place.
  const ends = (column: number, row: number) => {
    const { x, y } = at(column, row)
    return narrow
      ? { into: [x + size.w / 2, y], out: [x + size.w / 2, y + size.h] }
      : { into: [x, y + size.h / 2], out: [x + size.w, y + size.h / 2] }
  }
  const line = (from: string, to: string) => {
    const [a, b] = [spots.get(from), spots.get(to)]
    if (a === undefined || b === undefined) return ""
    let [x, y] = ends(a.column, a.row).out as [number, number]
    let path = `M${x} ${y}`
    const curve = ([toX, toY]: ReadonlyArray<number>) => {
      const [mx, my] = [(x + toX!) / 2, (y + toY!) / 2]
      path += narrow ? `C${x} ${my} ${toX} ${my} ${toX} ${toY}` : `C${mx} ${y} ${mx} ${toY} ${toX} ${toY}`
    }
    for (const [i, row] of lanes.get(from)!.slice(0, b.column - a.column - 1).entries()) {
      const lane = ends(a.column + 1 + i, row)
      curve(lane.into)
      ;[x, y] = lane.out as [number, number]
      path += `L${x} ${y}`
    }
    curve(ends(b.column, b.row).into)
    return path
  }
  const lines = places.flatMap(({ domain }) => [
    ...domain.dependsOn.map((from) => ({ from, to: domain.name, kind: "depends" })),
    ...domain.after.map((from) => ({ from, to: domain.name, kind: "after" }))
  ])
  return (
    <div className="picture" tabIndex={0} role="region" aria-label="Dependency graph">
      <div className="canvas" style={{ width, height }}>
        <svg width={width} height={height} className="lines" aria-hidden="true">
          {lines.map(({ from, kind, to }) => (
            <path
              key={`${from} ${to} ${kind}`}
              className={`${kind} ${byName.get(from)?.status === "active" ? "" : "broken"}`}
              d={line(from, to)}
            />
          ))}
        </svg>
        <ul>
          {places.map((place) => {
            const domain = byName.get(place.domain.name) ?? place.domain
            const { x, y } = at(place.column, place.row)
            return (
              <li key={domain.name} style={{ left: x, top: y, width: size.w, height: size.h }}>
                <a className={`node s-${domain.status}`} href={href(domain.name)} data-domain={domain.name}>
                  <b>{domain.name}</b>
                  <span className="under">
                    <StatusText status={domain.status} health={domain.health} />
                    {domain.generation > 1 ? <span className="muted">gen {domain.generation}</span> : null}
                  </span>
                </a>
              </li>
            )
          })}
        </ul>
      </div>
    </div>
  )
}

const summary = (domains: ReadonlyArray<DomainInfo>): string => PageText.countStates(domains).join(", ")

/** A mark for each domain, grouped by depth. */
const Mosaic = ({ domains }: { readonly domains: ReadonlyArray<DomainInfo> }) => {
  const calm = useCalm(domains, 500)
  const all = columns(calm)
  const groups = all.length > 24 ? [calm] : all
  const open = (event: MouseEvent) => {
    const name = (event.target as HTMLElement).dataset["name"]
    if (name !== undefined) location.hash = href(name)
  }
  return (
    <div className="mosaic" onClick={open}>
      {groups.map((group, depth) => (
        <div key={depth} className="group">
          <h3>
            {groups.length === 1 ? "All" : depth === 0 ? "Depth 0: waits for no other domain" : `Depth ${depth}`}
            <span className="muted">{summary(group)}</span>
          </h3>
          <div className="cells" role="img" aria-label={`${Format.count(group.length, "domain")}: ${summary(group)}`}>
            {group.map(({ health, name, status }) => (
              <i
                key={name}
                className={`cell s-${status}${health === "silent" ? " silent" : ""}`}
                data-name={name}
                title={`${name}: ${status}`}
              />
            ))}
          </div>
        </div>
      ))}
    </div>
  )
}

export const Graph = () => {
  const domains = useKnown((state) => state.domains)
  const large = domains.length > most
  return (
    <section className="card wide" aria-labelledby="graph">
      <h2 id="graph">{large ? "Map" : "Dependencies"}</h2>
      <p className="legend">
        {(["active", "activating", "waiting", "restarting", "crashed", "deactivating", "inactive"] as const).map((
          status
        ) => (
          <span key={status} className={`s-${status}`}>
            {large ? <i className={`cell s-${status}`} aria-hidden="true" /> : <Glyph status={status} />}
            {status}
          </span>
        ))}
        {large
          ? null
          : (
            <>
              <span>
                <i className="line" aria-hidden="true" />dependsOn: shares its fate
              </span>
              <span>
                <i className="line dashed" aria-hidden="true" />after: activates later
              </span>
            </>
          )}
      </p>
      {domains.length === 0 ? null : large ? <Mosaic domains={domains} /> : <Picture domains={domains} />}
    </section>
  )
}
