import { useEffect, useState } from "react"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import * as PageText from "./PageText.ts"
import type { State } from "./State.ts"
import { current } from "./Store.ts"

/** Something is said at most this often, in milliseconds, however much happens. */
const pace = 5000

/** What a listener should know of what happened meanwhile: what broke, then how all stands. */
const news = (events: ReadonlyArray<DomainEvent>, before: State, now: State): string => {
  if (before.link._tag !== now.link._tag) {
    if (now.link._tag === "Lost") return "The server does not answer. The page tries again."
    if (now.link._tag === "Live" && before.link._tag === "Lost") {
      return `Connected again. ${PageText.headline(now.domains, now.tick?.count ?? 1)}`
    }
  }
  if (events.length === 0) return ""
  const crashed = [...new Set(events.filter(({ to }) => to === "crashed").map(({ domain }) => domain))]
  const broken = crashed.length === 0 ? "" : `${PageText.names(crashed)} crashed. `
  return broken + PageText.headline(now.domains, now.tick?.count ?? 1)
}

/** Tells screen readers what changes, in one sentence now and then. */
export const Announcer = () => {
  const [text, setText] = useState("")
  useEffect(() => {
    let before = current()
    const timer = setInterval(() => {
      const now = current()
      const last = before.events[0]?.id ?? ""
      const said = news(now.events.filter(({ id }) => id > last), before, now)
      before = now
      if (said !== "") setText(said)
    }, pace)
    return () => clearInterval(timer)
  }, [])
  return <p className="unseen" role="status" aria-live="polite">{text}</p>
}
