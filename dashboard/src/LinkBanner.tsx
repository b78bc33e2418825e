import { type FormEvent, useState } from "react"
import * as Connection from "./Connection.ts"
import { quiet } from "./Heartbeat.tsx"
import { TokenFields } from "./Operate.tsx"
import * as PageText from "./PageText.ts"
import * as Session from "./Session.ts"
import { useKnown, useNow } from "./Store.ts"

const time = (at: number) => new Date(at).toLocaleTimeString("en-GB")

/** In two words, whether what is seen is so now. */
export const LinkText = () => {
  const link = useKnown((state) => state.link._tag)
  const words = { Connecting: "connecting", Live: "live", Lost: "not connected", Locked: "locked" }
  return <span className={`link l-${link.toLowerCase()}`} data-testid="link">{words[link]}</span>
}

/** Asks for the token where nothing is shown without it. */
export const Locked = () => {
  const wrong = useKnown(({ link }) => link._tag === "Locked" && link.shown === "a wrong token")
  const [token, setToken] = useState("")
  const [keeping, setKeeping] = useState<"page" | "tab">("page")
  const submit = (event: FormEvent) => {
    event.preventDefault()
    Session.keep(token.trim(), keeping)
    Connection.retry()
  }
  return (
    <form className="card locked" onSubmit={submit}>
      <h1>{wrong ? "That is not the token." : "This server shows nothing without its token."}</h1>
      <TokenFields token={token} keeping={keeping} onToken={setToken} onKeeping={setKeeping} />
      <button type="submit" className="main">Open</button>
    </form>
  )
}

/** Says when what is seen is not so now, and what is done about it. */
export const LinkBanner = () => {
  const link = useKnown((state) => state.link)
  const heardAt = useKnown((state) => state.heardAt)
  const tickAt = useKnown((state) => state.tickAt)
  const interval = useKnown((state) => state.stats?.heartbeat.interval)
  const now = useNow()
  if (link._tag === "Lost") {
    const wait = Math.ceil((link.retryAt - now) / 1000)
    return (
      <div className="banner" role="region" aria-label="Connection" data-testid="lost">
        <p>
          <b>{link.why}.</b> {heardAt === 0
            ? "Nothing has been read yet."
            : `What you see is as it was at ${time(heardAt)}, ${PageText.ago(now - heardAt)}.`}{" "}
          {wait <= 0 ? "Trying again…" : `Trying again in ${wait} s.`}
        </p>
        <button type="button" onClick={Connection.retry}>Try now</button>
      </div>
    )
  }
  if (link._tag === "Live" && interval !== undefined && tickAt !== 0 && now - tickAt > quiet(interval)) {
    return (
      <div className="banner" role="region" aria-label="Connection" data-testid="silent">
        <p>
          <b>The heartbeat is silent:</b> the last tick came {PageText.ago(now - tickAt)}, one is due every{" "}
          {PageText.duration(interval)}. Domains that are active go on.
        </p>
      </div>
    )
  }
  return null
}
