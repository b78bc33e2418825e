import { type ReactNode, type UIEvent, useLayoutEffect, useRef, useState } from "react"

const overscan = 6

/** Whether the window is narrow, such as a phone's. */
export const useNarrow = (): boolean => {
  const [query] = useState(() => matchMedia("(max-width: 720px)"))
  const [narrow, set] = useState(query.matches)
  useLayoutEffect(() => {
    const look = () => set(query.matches)
    query.addEventListener("change", look)
    return () => query.removeEventListener("change", look)
  }, [query])
  return narrow
}

/** A list of rows of equal height; only the rows in sight are drawn. */
export function Rows<A>({ height, items, keyOf, label, row }: {
  readonly items: ReadonlyArray<A>
  /** A row's height in pixels. */
  readonly height: number
  readonly label: string
  readonly keyOf: (item: A) => string
  readonly row: (item: A) => ReactNode
}) {
  const box = useRef<HTMLDivElement>(null)
  const [sight, setSight] = useState({ first: 0, count: 30 })
  const look = (element: HTMLElement) => {
    const first = Math.max(0, Math.floor(element.scrollTop / height) - overscan)
    const count = Math.ceil(element.clientHeight / height) + 2 * overscan
    setSight((known) => known.first === first && known.count === count ? known : { first, count })
  }
  useLayoutEffect(() => {
    const element = box.current!
    const observer = new ResizeObserver(() => look(element))
    observer.observe(element)
    return () => observer.disconnect()
  }, [height])
  useLayoutEffect(() => look(box.current!), [items.length, height])
  const first = Math.min(sight.first, Math.max(0, items.length - sight.count))
  const scrolls = items.length * height > 480
  return (
    <div
      ref={box}
      className="rows"
      onScroll={(event: UIEvent<HTMLDivElement>) => look(event.currentTarget)}
      {...(scrolls ? { tabIndex: 0, role: "region", "aria-label": label } : {})}
    >
      <ul style={{ height: items.length * height }} aria-label={label}>
        {items.slice(first, first + sight.count).map((item, i) => (
          <li
            key={keyOf(item)}
            style={{ transform: `translateY(${(first + i) * height}px)`, height }}
            aria-setsize={items.length}
            aria-posinset={first + i + 1}
          >
            {row(item)}
          </li>
        ))}
      </ul>
    </div>
  )
}
