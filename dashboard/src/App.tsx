import { Component, type ReactNode, useEffect, useRef, useState } from "react"
import { Announcer } from "./Announcer.tsx"
import { DomainPage } from "./DomainPage.tsx"
import { Domains } from "./Domains.tsx"
import { Feed } from "./Feed.tsx"
import { Graph } from "./Graph.tsx"
import { Heartbeat, TickText } from "./Heartbeat.tsx"
import { LinkBanner, LinkText, Locked } from "./LinkBanner.tsx"
import * as PageText from "./PageText.ts"
import { useKnown } from "./Store.ts"
import { Timeline } from "./Timeline.tsx"
import { TrailCard } from "./TrailCard.tsx"
import { Troubles } from "./Troubles.tsx"

const shownDomain = (): string | undefined => {
  const match = /^#\/domain\/([a-z][a-z0-9_-]*)$/.exec(location.hash)
  return match?.[1]
}

const useRoute = (): string | undefined => {
  const [domain, set] = useState(shownDomain)
  useEffect(() => {
    const look = () => {
      set(shownDomain())
      scrollTo(0, 0)
    }
    addEventListener("hashchange", look)
    return () => removeEventListener("hashchange", look)
  }, [])
  return domain
}

const Overview = ({ returning }: { readonly returning: boolean }) => {
  const domains = useKnown((state) => state.domains)
  const tick = useKnown((view) => view.tick)
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (returning) title.current?.focus()
  }, [returning])
  return (
    <>
      <header className="title">
        <h1 ref={title} tabIndex={-1} data-testid="headline">
          {domains.length === 0 ? "Reading the domains…" : PageText.headline(domains, tick)}
        </h1>
      </header>
      <Troubles />
      <Graph />
      <Heartbeat />
      <TrailCard />
      <Domains />
      <Timeline />
      <Feed />
    </>
  )
}

/** Shows a failure of the page itself in place of an empty window. */
class Guard extends Component<{ readonly children: ReactNode }, { readonly error: Error | undefined }> {
  override state = { error: undefined }
  static getDerivedStateFromError(error: Error) {
    return { error }
  }
  override render() {
    const error = this.state.error as Error | undefined
    if (error === undefined) return this.props.children
    return (
      <div className="banner" role="alert">
        <p>
          <b>The page has failed:</b> {error.message}. The program is not affected.
        </p>
        <button type="button" onClick={() => location.reload()}>Load it again</button>
      </div>
    )
  }
}

/** The title of the tab shows how many domains are not active, and whether the program answers. */
const useTitle = (domain: string | undefined) => {
  const run = useKnown((state) => state.run)
  const lost = useKnown((state) => state.link._tag === "Lost")
  const domains = useKnown((state) => state.domains)
  const out = domains.filter(({ status }) => status !== "active").length
  useEffect(() => {
    const mark = lost ? "✕ " : out > 0 ? `(${out}) ` : ""
    document.title = `${mark}${domain === undefined ? "" : `${domain} · `}${run?.app ?? "Thunderline"}`
  }, [domain, lost, out, run])
}

export const App = () => {
  const domain = useRoute()
  const run = useKnown((state) => state.run)
  const locked = useKnown((state) => state.link._tag === "Locked")
  const been = useRef(false)
  useEffect(() => {
    been.current ||= domain !== undefined
  }, [domain])
  useTitle(domain)
  return (
    <Guard>
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault()
          document.getElementById("main")?.focus()
        }}
      >
        Skip to content
      </a>
      <nav className="top" aria-label="Page">
        <a className="brand" href="#/">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <path d="M2 17h7l3-10 5 18 4-8h9" fill="none" />
          </svg>
          Thunderline
        </a>
        <span className="muted app">{run?.app === "thunderline" ? "" : run?.app}</span>
        <TickText />
        <LinkText />
        <a href="./docs">API</a>
      </nav>
      <LinkBanner />
      <Announcer />
      <main id="main" tabIndex={-1}>
        {locked
          ? <Locked />
          : domain === undefined
          ? <Overview returning={been.current} />
          : <DomainPage name={domain} />}
      </main>
    </Guard>
  )
}
