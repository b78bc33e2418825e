import * as DateTime from "effect/DateTime"
import { type FormEvent, useState } from "react"
import * as Format from "../../src/control/Format.ts"
import { silenceOf } from "../../src/control/ProgramView.ts"
import * as Connection from "./Connection.ts"
import { ago } from "./Heartbeat.tsx"
import { TokenFields } from "./Operate.tsx"
import * as Session from "./Session.ts"
import { useKnown, useNow } from "./Store.ts"

/** Whether the page is connected. */
export const LinkText = () => {
  const link = useKnown((state) => state.link._tag)
  const texts = { Connecting: "connecting", Live: "live", Lost: "not connected", Locked: "locked" }
  return <span className={`link l-${link.toLowerCase()}`} data-testid="link">{texts[link]}</span>
}

/** Asks for the token of a program that shows nothing without it. */
export const Locked = () => {
  // Draws the form again at each refusal.
  useKnown(({ link }) => link._tag === "Locked" ? link.refusals : 0)
  const wrong = Session.token() !== undefined
  const [token, setToken] = useState("")
  const [keeping, setKeeping] = useState<"page" | "tab">("page")
  const submit = (event: FormEvent) => {
    event.preventDefault()
    Session.keep(token.trim(), keeping)
    Connection.retry()
  }
  return (
    <form className="card locked" onSubmit={submit}>
      <h1>{wrong ? "That is not the token." : "This program shows nothing without its token."}</h1>
      <TokenFields token={token} keeping={keeping} onToken={setToken} onKeeping={setKeeping} />
      <button type="submit" className="main">Open</button>
    </form>
  )
}

/** Says that the page is not connected or that ticks are missing, and what is done about it. */
export const LinkBanner = () => {
  const link = useKnown((state) => state.link)
  const heardAt = useKnown((state) => state.heardAt)
  const tickAt = useKnown((state) => state.tickAt)
  const stats = useKnown((view) => view.stats)
  const now = useNow()
  if (link._tag === "Lost") {
    const wait = Math.ceil((link.retryAt - now) / 1000)
    return (
      <div className="banner" role="region" aria-label="Connection" data-testid="lost">
        <p>
          <b>The program does not answer:</b> {link.reason}. {heardAt === 0
            ? "Nothing has been read yet."
            : `What you see was true at ${Format.timeOfDay(DateTime.makeUnsafe(heardAt), "local")}, ${
              ago(now - heardAt)
            }.`} {wait <= 0 ? "Trying again…" : `Trying again in ${wait} s.`}
        </p>
        <button type="button" onClick={Connection.retry}>Try now</button>
      </div>
    )
  }
  const silence = silenceOf({ link, stats, tickAt }, now)
  if (stats !== undefined && silence !== undefined) {
    return (
      <div className="banner" role="region" aria-label="Connection" data-testid="silent">
        <p>
          <b>The heartbeat is silent:</b> the last tick came {ago(silence)}, one is due every{" "}
          {Format.duration(stats.heartbeat.interval)}. Active domains are not affected.
        </p>
      </div>
    )
  }
  return null
}
