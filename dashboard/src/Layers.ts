import type { DomainInfo } from "../../src/control/DomainInfo.ts"

/** The place of a domain in the picture: its column (the longest way to a domain that waits for none) and its row. */
export interface Place {
  readonly domain: DomainInfo
  readonly column: number
  readonly row: number
}

const awaits = ({ after, dependsOn }: DomainInfo): ReadonlyArray<string> => [...new Set([...dependsOn, ...after])]

/** Domains by depth: first those that wait for no other, then each in the column after the last that it waits for. */
export const columns = (domains: ReadonlyArray<DomainInfo>): ReadonlyArray<ReadonlyArray<DomainInfo>> => {
  const byName = new Map(domains.map((domain) => [domain.name, domain]))
  const depths = new Map<string, number>()
  const depthOf = (start: DomainInfo): number => {
    // Without recursion: a chain may be a thousand domains long.
    const stack = [start]
    while (stack.length > 0) {
      const domain = stack.at(-1)!
      const open = awaits(domain).flatMap((name) => depths.has(name) ? [] : byName.get(name) ?? [])
      if (open.length > 0) {
        stack.push(...open)
        continue
      }
      depths.set(domain.name, Math.max(-1, ...awaits(domain).map((name) => depths.get(name) ?? -1)) + 1)
      stack.pop()
    }
    return depths.get(start.name)!
  }
  const found: Array<Array<DomainInfo>> = []
  for (const domain of domains) {
    const depth = depths.get(domain.name) ?? depthOf(domain)
    while (found.length <= depth) found.push([])
    found[depth]!.push(domain)
  }
  return found
}

/** The height of a line that passes a column, in rows. */
const lane = 0.5

interface Item {
  readonly key: string
  readonly domain: DomainInfo | undefined
}

/** The picture of the graph: the places of the domains, and the rows at which lines pass columns. */
export interface Picture {
  readonly places: ReadonlyArray<Place>
  /** By domain: the rows at which its lines pass the columns after its own. */
  readonly lanes: ReadonlyMap<string, ReadonlyArray<number>>
  /** The number of rows. */
  readonly rows: number
}

/** Draws the graph. Each column is ordered by its neighbours, so that few lines cross; no line crosses a domain. */
export const picture = (domains: ReadonlyArray<DomainInfo>): Picture => {
  const all = columns(domains).map((column) => column.map((domain): Item => ({ key: domain.name, domain })))
  const depth = new Map(all.flatMap((column, i) => column.map(({ key }) => [key, i] as const)))
  const before = new Map<string, Array<string>>()
  const behind = new Map<string, Array<string>>()
  const laneKey = (name: string, column: number) => depth.get(name) === column ? name : `${name}@${column}`
  const join = (from: string, to: string) => {
    if (behind.get(from)?.includes(to) === true) return
    behind.set(from, [...behind.get(from) ?? [], to])
    before.set(to, [...before.get(to) ?? [], from])
  }
  for (const domain of domains) {
    for (const name of awaits(domain)) {
      const first = depth.get(name)
      if (first === undefined) continue
      const last = depth.get(domain.name)!
      for (let column = first + 1; column < last; column++) {
        const key = laneKey(name, column)
        if (!before.has(key)) all[column]!.push({ key, domain: undefined })
        join(laneKey(name, column - 1), key)
      }
      join(laneKey(name, last - 1), domain.name)
    }
  }
  const size = ({ domain }: Item) => domain === undefined ? lane : 1
  const heightOf = (column: ReadonlyArray<Item>) => column.reduce((sum, item) => sum + size(item), 0)
  const middles = new Map<string, number>()
  const settle = (column: ReadonlyArray<Item>) => {
    let top = -heightOf(column) / 2
    for (const item of column) {
      middles.set(item.key, top + size(item) / 2)
      top += size(item)
    }
  }
  const order = (column: Array<Item>, neighbours: ReadonlyMap<string, ReadonlyArray<string>>) => {
    const wanted = new Map(column.map(({ key }) => {
      const near = neighbours.get(key) ?? []
      const sum = near.reduce((sum, other) => sum + middles.get(other)!, 0)
      return [key, near.length === 0 ? middles.get(key)! : sum / near.length] as const
    }))
    column.sort((a, b) => wanted.get(a.key)! - wanted.get(b.key)!)
    settle(column)
  }
  for (const column of all) settle(column)
  for (let sweep = 0; sweep < 4; sweep++) {
    for (const column of all) order(column, before)
    for (const column of all.toReversed()) order(column, behind)
  }
  const rows = Math.max(0, ...all.map(heightOf))
  const rowOf = (key: string) => middles.get(key)! + rows / 2 - 0.5
  return {
    rows,
    places: all.flatMap((items, column) =>
      items.flatMap(({ domain, key }) => domain === undefined ? [] : { domain, column, row: rowOf(key) })
    ),
    lanes: new Map(domains.map(({ name }) => {
      const passed: Array<number> = []
      for (let key = laneKey(name, depth.get(name)! + 1); middles.has(key);) {
        passed.push(rowOf(key))
        key = laneKey(name, depth.get(name)! + passed.length + 1)
      }
      return [name, passed]
    }))
  }
}
