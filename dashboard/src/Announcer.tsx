import { useEffect, useState } from "react"
import * as Format from "../../src/control/Format.ts"
import type { ProgramView } from "../../src/control/ProgramView.ts"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import * as PageText from "./PageText.ts"
import { current } from "./Store.ts"

/** The shortest time between two sentences, in milliseconds, however much happens. */
const pace = 5000

/** What has happened meanwhile, in a sentence or two: what crashed, then the headline. */
const news = (events: ReadonlyArray<DomainEvent>, before: ProgramView, now: ProgramView): string => {
  if (before.link._tag !== now.link._tag) {
    if (now.link._tag === "Lost") return "The program does not answer. The page tries again."
    if (now.link._tag === "Live" && before.link._tag === "Lost") {
      return `Connected again. ${PageText.headline(now.domains, now.tick)}`
    }
  }
  if (events.length === 0) return ""
  const crashed = [...new Set(events.filter(({ to }) => to === "crashed").map(({ domain }) => domain))]
  const broken = crashed.length === 0 ? "" : `${Format.names(crashed)} crashed. `
  return broken + PageText.headline(now.domains, now.tick)
}

/** Tells screen readers what changes. */
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
