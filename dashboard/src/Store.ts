import { useEffect, useRef, useState, useSyncExternalStore } from "react"
import { initial, type News, type ProgramView, update } from "../../src/control/ProgramView.ts"

/** The shortest time between two drawings, in milliseconds, however much news comes in. */
const pace = 80

let view: ProgramView = initial
let due: ReturnType<typeof setTimeout> | undefined
const readers = new Set<() => void>()

const tell = () => {
  due = undefined
  for (const reader of readers) reader()
}

export const current = (): ProgramView => view

/** Takes news of the program. */
export const post = (news: News): void => {
  view = update(view, news, Date.now())
  due ??= setTimeout(tell, pace)
}

const subscribe = (reader: () => void) => {
  readers.add(reader)
  return () => void readers.delete(reader)
}

/** A part of the view. The component is drawn again only when that part changes. */
export const useKnown = <A>(select: (view: ProgramView) => A): A => useSyncExternalStore(subscribe, () => select(view))

/** The local time in milliseconds; the component is drawn again every second while `running`. */
export const useNow = (running = true): number => {
  const [now, set] = useState(Date.now)
  useEffect(() => {
    if (!running) return
    set(Date.now())
    const timer = setInterval(() => set(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [running])
  return now
}

/** A value that changes at most every `ms` milliseconds, for what is costly to draw. */
export const useCalm = <A>(value: A, ms: number): A => {
  const [shown, set] = useState(value)
  const newest = useRef(value)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  newest.current = value
  useEffect(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      set(() => newest.current)
    }, ms)
  }, [value, ms])
  useEffect(() => () => clearTimeout(timer.current), [])
  return shown
}
